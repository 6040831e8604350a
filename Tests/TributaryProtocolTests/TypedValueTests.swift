import Foundation
import Testing
import TributaryProtocol

/// `JSONValue`, `Identifier`, `Timestamp` and the names of typed events.
struct TypedValueTests {
    @Test(arguments: [
        "null", "true", "false", "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "0.1", "-2.5e-7",
        #""""#, #""é\n🚢""#, "[]", "{}", #"[1,"a",null,{"b":[true,false]}]"#,
    ]) func `a free value stays what it is`(_ json: String) throws {
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
        let again = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
        #expect(again == value)
    }

    @Test func `a free value knows its kind`() throws {
        let json = #"{"a":true,"b":1,"c":1.5,"d":"1","e":null,"f":[1],"g":{}}"#
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
        #expect(value == ["a": true, "b": 1, "c": 1.5, "d": "1", "e": nil, "f": [1], "g": [:]])
        #expect(value["d"]?.string == "1")
        #expect(value["f"]?[0] == 1)
        #expect(value["f"]?[1] == nil)
        #expect(value["missing"] == nil)
        #expect(value["e"] == .null)
    }

    @Test func `an identifier stays a string or a number`() throws {
        let ids = try JSONDecoder().decode([Identifier].self, from: Data(#"["7",7,-1,9223372036854775807,""]"#.utf8))
        #expect(ids == [.string("7"), .integer(7), .integer(-1), .integer(.max), .string("")])
        #expect(String(decoding: try JSONEncoder().encode(ids), as: UTF8.self) == #"["7",7,-1,9223372036854775807,""]"#)
        #expect(ids[0].description == ids[1].description)
        for json in ["1.5", "null", "true", "[]", "{}", "9223372036854775808"] {
            #expect(throws: DecodingError.self, "\(json)") {
                try JSONDecoder().decode(Identifier.self, from: Data(json.utf8))
            }
        }
    }

    @Test(arguments: [
        ("\"2026-01-15T09:30:00Z\"", 1_768_469_400.0), ("\"2026-01-15T09:30:00.250Z\"", 1_768_469_400.25),
        ("\"2026-01-15T10:30:00+01:00\"", 1_768_469_400.0), ("1768469400250", 1_768_469_400.25),
    ]) func `a timestamp is a moment in either form, and keeps its form`(_ json: String, _ seconds: Double) throws {
        let timestamp = try JSONDecoder().decode(Timestamp.self, from: Data(json.utf8))
        let date = try #require(timestamp.date)
        #expect(abs(date.timeIntervalSince1970 - seconds) < 0.001)
        #expect(String(decoding: try JSONEncoder().encode(timestamp), as: UTF8.self) == json)
    }

    @Test func `text that is no moment is kept and says so`() throws {
        let timestamp = try JSONDecoder().decode(Timestamp.self, from: Data(#""yesterday""#.utf8))
        #expect(timestamp.description == "yesterday")
        #expect(timestamp.date == nil)
    }

    @Test func `a date is written with milliseconds in UTC`() {
        let date = Date(timeIntervalSince1970: 1_768_469_400.25)
        #expect(Timestamp(date) == "2026-01-15T09:30:00.250Z")
    }

    @Test func `a type handles each of its names and no other`() {
        #expect(MessageNew.names == ["message.new", "message.replay"])
        #expect(JobStarted.names == ["job.started", "job_started"])
        #expect(MessageNew.handles("message.replay"))
        #expect(!MessageNew.handles("message.newer"))
        #expect(PlanEvent.handles("plan.created"))
        #expect(PlanEvent.handles("plan.a.b"))
        #expect(!PlanEvent.handles("plan"))
        #expect(!PlanEvent.handles("planet"))
        #expect(EventTypes.type(named: "plan.created") == PlanCreated.self)
        #expect(EventTypes.type(named: "plan.archived") == PlanEvent.self)
        #expect(EventTypes.type(named: "github-sync") == GithubSyncStatus.self)
        #expect(EventTypes.type(named: "unheard.of") == nil)
    }
}
