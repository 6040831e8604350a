import Foundation
import Testing
import TributaryProtocol

/// `Protocols/examples`: what each event's data looks like. `<event>.json`, or `<event>--<variant>.json`.
struct GoldenTests {
    static let files = Result { try Contract.names(in: "examples") }

    /// The event that a golden is of.
    static func event(of file: String) -> String {
        file.firstRange(of: "--").map { String(file[..<$0.lowerBound]) } ?? file
    }

    @Test(arguments: try files.get())
    func `a golden is the same JSON after its Swift type`(_ file: String) throws {
        let type = try #require(EventTypes.type(named: Self.event(of: file)), "no Swift type handles it")
        let golden = try Contract.read("examples/\(file).json")
        #expect(try canonical(recoded(golden, as: type)) == canonical(golden))
    }

    @Test(arguments: try files.get().filter { $0.hasPrefix("plan.") })
    func `a plan's golden is the same after the family's type`(_ file: String) throws {
        let golden = try Contract.read("examples/\(file).json")
        #expect(try canonical(recoded(golden, as: PlanEvent.self)) == canonical(golden))
    }

    @Test(arguments: try files.get())
    func `a golden is the same JSON as a free value`(_ file: String) throws {
        let golden = try Contract.read("examples/\(file).json")
        let value = try JSONDecoder().decode(JSONValue.self, from: golden)
        #expect(try canonical(JSONEncoder().encode(value)) == canonical(golden))
    }

    @Test(arguments: try files.get())
    func `a golden is JSON to the hub`(_ file: String) throws {
        let isJSON = try Contract.read("examples/\(file).json").withUnsafeBytes { TributaryProtocol.isJSON($0) }
        #expect(isJSON)
    }

    @Test(arguments: try files.get())
    func `a type does without members that it doesn't know`(_ file: String) throws {
        let type = try #require(EventTypes.type(named: Self.event(of: file)))
        let golden = try Contract.read("examples/\(file).json")
        var object = try JSONDecoder().decode([String: JSONValue].self, from: golden)
        object["a key of a newer version"] = ["x": [1, nil]]
        _ = try JSONDecoder().decode(type, from: JSONEncoder().encode(object))
    }

    @Test(arguments: ["null", "[]", "7", "\"text\"", "true"])
    func `no type takes data that is no object`(_ data: String) {
        for type in EventTypes.all {
            #expect(throws: DecodingError.self, "\(type)") { try JSONDecoder().decode(type, from: Data(data.utf8)) }
        }
    }

    @Test func `a message needs no more than its essence`() throws {
        let data = #"""
            {"messageId":7,"projectId":"p1","userId":"u1","timestamp":"2026-01-15T09:30:00Z",
             "content":{"text":"hi","type":"text","mode":"chat","actor_type":"client"}}
            """#
        let message = try JSONDecoder().decode(MessageNew.self, from: Data(data.utf8))
        #expect(message.messageID == 7)
        #expect(message.clientMessageID == nil)
        #expect(message.metadata == MessageNew.Metadata())
        #expect(message.sequence == nil)
        let encoded = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(message))
        #expect(encoded["client_msg_id"] == .null, "the schema requires the key")
        #expect(encoded["metadata"] == [:])
    }

    @Test func `a build has four states and no fifth`() throws {
        for status in ["queued", "in_progress", "completed", "failed"] {
            let build = try JSONDecoder().decode(BuildStatus.self, from: Data(#"{"status":"\#(status)"}"#.utf8))
            #expect(build.status.rawValue == status)
        }
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(BuildStatus.self, from: Data(#"{"status":"paused"}"#.utf8))
        }
    }

    @Test func `what a newer hub gives as a reason is kept`() throws {
        let data = #"{"reason":"new_reason","reconnect":true,"retry_ms":1,"timestamp":"2026-01-15T09:30:00Z"}"#
        let close = try JSONDecoder().decode(ServerClose.self, from: Data(data.utf8))
        #expect(close.reason.rawValue == "new_reason")
        #expect(close.reason != .draining)
    }

    private func recoded<Typed: TypedEvent>(_ data: Data, as type: Typed.Type) throws -> Data {
        try JSONEncoder().encode(JSONDecoder().decode(type, from: data))
    }

    /// The same text for the same JSON value, by a parser and writer of others.
    private func canonical(_ data: Data) throws -> String {
        let value = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
        let text = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        return String(decoding: text, as: UTF8.self)
    }
}
