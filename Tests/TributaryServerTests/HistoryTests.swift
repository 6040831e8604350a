import Foundation
import HTTPTypes
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

@Suite struct HistoryTests {
    /// The ids of the answer's events.
    private func ids(_ answer: Answer) -> [Int] { events(answer).compactMap { $0["id"] as? Int } }

    private func events(_ answer: Answer) -> [[String: Any]] { answer.object["events"] as? [[String: Any]] ?? [] }

    private func publish(_ server: TestServer, _ event: String) async throws -> Int {
        let answer = try await server.publish(event)
        return try #require(answer.object["id"] as? Int, "\(answer.body)")
    }

    @Test func `pages join to the whole timeline, byte for byte`() async throws {
        try await TestServer.run { server in
            var published: [Int] = []
            for number in 1...25 {
                let channel = number.isMultiple(of: 2) ? "chat" : "job"
                let event = number.isMultiple(of: 2) ? "message.new" : "job.started"
                published.append(
                    try await publish(
                        server, #"{"channel":"\#(channel)","event":"\#(event)","data":{"n": \#(number).0 }}"#)
                )
            }
            #expect(published == published.sorted())
            var after = 0
            var joined: [Int] = []
            var sizes: [Int] = []
            while true {
                let answer = try await server.get("/history?after=\(after)&limit=10")
                #expect(answer.status == 200 && answer.field("Content-Type") == "application/json")
                #expect(answer.object["latest_seq"] as? Int == published.last)
                #expect(answer.object["recovered"] == nil && answer.object["gap"] == nil)
                let page = ids(answer)
                sizes.append(page.count)
                joined += page
                if answer.object["more"] as? Bool == false { break }
                after = try #require(page.last)
            }
            #expect(joined == published && sizes == [10, 10, 5])
            let whole = try await server.get("/history")
            let first = try #require(events(whole).first)
            #expect(Set(first.keys) == ["id", "channel", "event", "data", "timestamp"])
            #expect(first["channel"] as? String == "jobs" && first["event"] as? String == "job.started")
            #expect(events(whole)[1]["event"] as? String == "message.new")
            #expect(whole.body.contains(#""data":{"n": 1.0 },"timestamp":"2"#))
            let timestamp = try #require(first["timestamp"] as? String)
            #expect(timestamp.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#) != nil)
            // Exactly full is not more.
            #expect(try await server.get("/history?limit=25").object["more"] as? Bool == false)
            #expect(try await server.get("/history?limit=24").object["more"] as? Bool == true)
            #expect(ids(try await server.get("/history?after=\(try #require(published.last))")).isEmpty)
        }
    }

    @Test func `channels, projects and aliases narrow it`() async throws {
        try await TestServer.run { server in
            let chat = try await publish(
                server, #"{"channel":"chat","project_id":"p1","event":"message.new","data":1}"#)
            let jobs = try await publish(server, #"{"channel":"jobs","project_id":"p1","event":"job.failed","data":1}"#)
            let other = try await publish(
                server, #"{"channel":"chat","project_id":"p2","event":"message.new","data":1}"#)
            let cases: [(query: String, ids: [Int])] = [
                ("project_id=p1", [chat, jobs]), ("projectId=p1&channel=all", [chat, jobs]),
                ("project_id=p1&channel=", [chat, jobs]), ("project_id=p1&channel=chat", [chat]),
                ("project_id=p1&channel=job", [jobs]), ("project_id=p1&channels=jobs,chat", [chat, jobs]),
                ("project_id=p1&channel=presence", []), ("project_id=p2", [other]), ("", []),
                ("project_id=p1&after=\(chat)", [jobs]),
            ]
            for (query, expected) in cases {
                #expect(ids(try await server.get("/history?\(query)")) == expected, "\(query)")
            }
            // The newest of the project, whatever was asked for.
            #expect(try await server.get("/history?project_id=p1&channel=chat").object["latest_seq"] as? Int == jobs)
        }
    }

    @Test func `what is for one user is for that user alone, and is not more for others`() async throws {
        try await TestServer.run { server in
            var mine: [Int] = []
            let open = try await publish(server, #"{"channel":"chat","event":"message.new","data":1}"#)
            for _ in 1...5 {
                mine.append(
                    try await publish(
                        server, #"{"channel":"chat","event":"message.new","data":2,"to":{"user":"u1"}}"#))
            }
            #expect(ids(try await server.get("/history?user_id=u1")) == [open] + mine)
            let other = try await server.get("/history?user_id=u2&limit=1")
            #expect(ids(other) == [open] && other.object["more"] as? Bool == false)
            #expect(try await server.get("/history?user_id=u1&limit=1").object["more"] as? Bool == true)
            #expect(!other.body.contains("\"to\""))
            // Nobody said who reads.
            #expect(ids(try await server.get("/history")) == [open])
            let last = try await publish(server, #"{"channel":"chat","event":"message.new","data":3}"#)
            let beyond = try await server.get("/history?user_id=u2&after=\(open)&limit=1")
            #expect(ids(beyond) == [last])
        }
    }

    @Test func `a publisher's late ids come in the order of their arrival`() async throws {
        try await TestServer.run { server in
            for id in [10, 12, 11, 9, 13] {
                _ = try await publish(server, #"{"channel":"chat","event":"message.new","id":\#(id),"data":1}"#)
            }
            #expect(ids(try await server.get("/history")) == [10, 12, 11, 9, 13])
            #expect(ids(try await server.get("/history?after=12")) == [11, 9, 13])
            #expect(ids(try await server.get("/history?after=11")) == [9, 13])
            #expect(ids(try await server.get("/history?after=9")) == [13])
            let mixed = try await server.publish(#"{"channel":"chat","event":"message.new","data":1}"#)
            #expect(mixed.status == 409 && mixed.error == "timeline_owner_mismatch")
            let again = try await server.publish(#"{"channel":"chat","event":"message.new","id":12,"data":1}"#)
            #expect(again.body == #"{"id":12,"duplicate":true}"#)
        }
    }

    @Test func `a batch is published in order, each item on its own`() async throws {
        try await TestServer.run { server in
            let answer = try await server.publish(
                #"""
                [{"channel":"chat","event":"message.new","data":1,"client_msg_id":"k"},
                 {"channel":"chat","event":"message.new","data":2,"id":7},
                 {"channel":"chat","event":"message.new","data":3,"client_msg_id":"k"},
                 {"channel":"chat","event":"typing.start","data":4},
                 {"channel":"chat","event":"message.new","data":5}]
                """#
            )
            let items = try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [[String: Any]])
            #expect(items.map { $0["duplicate"] as? Bool } == [false, nil, true, false, false])
            #expect(items[1]["error"] as? String == "timeline_owner_mismatch")
            #expect(items[0]["id"] as? Int == items[2]["id"] as? Int && items[3]["id"] is NSNull)
            #expect(ids(try await server.get("/history")) == [items[0]["id"] as? Int, items[4]["id"] as? Int])
        }
    }

    @Test func `what nobody can read is passed over`() async throws {
        try await TestServer.run { server in
            let chat = Channel.chat
            let good = ByteBuffer(string: #"{"event":"message.new","id":"2","data":{"a":1}}"#)
            let heard = [
                HeardEvent(channel: chat, id: try #require(EventID(1)), envelope: ByteBuffer(string: "{\"event\":")),
                HeardEvent(channel: chat, id: try #require(EventID(2)), envelope: good),
                HeardEvent(channel: chat, id: try #require(EventID(3)), envelope: ByteBuffer(string: "null")),
            ]
            _ = try await server.hub.log.record(heard, of: .default).get()
            let answer = try await server.get("/history?limit=1")
            #expect(ids(answer) == [2] && answer.object["more"] as? Bool == false)
            #expect(answer.object["latest_seq"] as? Int == 3)
        }
    }

    @Test func `an answer ends early where it would become too large`() async throws {
        try await TestServer.run { server in
            let data = ByteBuffer(string: "\"" + String(repeating: "x", count: 900 << 10) + "\"")
            for _ in 1...6 {
                _ = try await server.hub.publish(Event(channel: .chat, name: EventName("message.new"), data: data))
            }
            let first = try await server.get("/history")
            #expect(ids(first).count == 4 && first.object["more"] as? Bool == true)
            let second = try await server.get("/history?after=\(try #require(ids(first).last))")
            #expect(ids(second).count == 2 && second.object["more"] as? Bool == false)
        }
    }

    @Test func `a cursor that the log never gave out is told`() async throws {
        try await TestServer.run { server in
            let empty = try await server.get("/history")
            #expect(empty.body == #"{"events":[],"more":false,"latest_seq":null}"#)
            #expect(try await server.get("/history?after=5").object["recovered"] as? Bool == false)
            let id = try await publish(server, #"{"channel":"chat","event":"message.new","data":1}"#)
            let future = try await server.get("/history?after=\(id + 1)")
            #expect(future.object["recovered"] as? Bool == false)
            #expect((future.object["gap"] as? [String: Int])?["from"] == id + 2)
        }
    }

    @Test func `wrong parameters are told, and unknown ones passed over`() async throws {
        try await TestServer.run { server in
            let cases: [(query: String, code: String)] = [
                ("limit=0", "invalid_limit"), ("limit=1001", "invalid_limit"), ("limit=-1", "invalid_limit"),
                ("limit=", "invalid_limit"), ("limit=1.5", "invalid_limit"), ("limit=1&limit=1", "repeated_parameter"),
                ("after=-1", "invalid_after"), ("after=", "invalid_after"), ("after=x", "invalid_after"),
                ("after=9007199254740992", "invalid_after"), ("after=1&after=1", "repeated_parameter"),
                ("channel=nope", "unknown_channel"), ("channel=chat&channels=chat", "repeated_parameter"),
                ("project_id=a%20b", "invalid_project_id"), ("project_id=a&projectId=a", "repeated_parameter"),
                ("user_id=a%0Ab", "invalid_user_id"), ("after=%zz", "malformed_query"),
            ]
            for (query, code) in cases {
                let answer = try await server.get("/history?\(query)")
                #expect(answer.status == 400 && answer.error == code, "\(query): \(answer.body)")
            }
            #expect(try await server.get("/history?limit=1000&after=0&what=ever").status == 200)
            #expect(try await server.get("/history?limit=1", method: "HEAD").status == 200)
            let deleted = try await server.get("/history", method: "DELETE")
            #expect(deleted.status == 405 && deleted.field("Allow") == "GET, HEAD, OPTIONS")
        }
    }

    @Test func `each of the log's errors has its answer`() throws {
        let unavailable = Problem(EventLogError.unavailable("x"))
        #expect(unavailable.status == .serviceUnavailable && unavailable.code == "relay_unavailable")
        #expect(unavailable.fields[.retryAfter] == "1")
        #expect(Problem(EventLogError.refused("x"))?.code == "relay_refused")
        #expect(Problem(EventLogError.ownerMismatch)?.code == "timeline_owner_mismatch")
        #expect(Problem(EventLogError.ownerMismatch)?.status == .conflict)
    }
}
