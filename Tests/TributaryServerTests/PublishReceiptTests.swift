import Foundation
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

/// What `POST /publish` says of an event that it took, and what it then does not do again.
@Suite(.timeLimit(.minutes(1))) struct PublishReceiptTests {
    /// The answer's `id` and `duplicate`, which are all that it has.
    private func receipt(_ answer: Answer) throws -> (id: Int?, duplicate: Bool) {
        #expect(answer.status == 200, "\(answer.body)")
        #expect(Set(answer.object.keys) == ["id", "duplicate"])
        return (answer.object["id"] as? Int, try #require(answer.object["duplicate"] as? Bool))
    }

    private func event(
        _ data: Int, channel: String = "chat", event: String = "message.new", project: String = "p1",
        _ more: String = ""
    ) -> String {
        #"{"channel":"\#(channel)","project_id":"\#(project)","event":"\#(event)","data":\#(data)\#(more)}"#
    }

    @Test func `a durable event gets an id that rises through the project's channels`() async throws {
        try await TestServer.run { server in
            var last = 0
            for number in 1...20 {
                let channel = number.isMultiple(of: 2) ? "jobs" : "chat"
                let (id, duplicate) = try receipt(try await server.publish(event(number, channel: channel)))
                #expect(!duplicate)
                let next = try #require(id)
                #expect(next > last && next < 1 << 53)
                last = next
            }
        }
    }

    @Test func `an ephemeral event gets none`() async throws {
        try await TestServer.run { server in
            let (id, duplicate) = try receipt(try await server.publish(event(1, event: "typing.start")))
            #expect(id == nil && !duplicate)
            // Its own id is ignored, and counted.
            let own = try receipt(try await server.publish(event(1, event: "typing.start", #","id":7"#)))
            #expect(own.id == nil)
            #expect(await server.hub.statistics().relay.rejectedTotal["ignored_id"] == 1)
        }
    }

    @Test func `the receipt's id is the one in the stream`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("project_id=p1&channels=chat,jobs")
            let (id, _) = try receipt(try await server.publish(event(1)))
            let live = try #require(try await stream.events(count: 2).last)
            #expect(live.id.flatMap { Int($0) } == id)
        }
    }

    @Test func `the same client_msg_id gets the first id back, and is published once`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("project_id=p1&channels=chat,jobs")
            let key = #","client_msg_id":"k1""#
            let first = try receipt(try await server.publish(event(1, key)))
            #expect(!first.duplicate)
            let again = try receipt(try await server.publish(event(2, key)))
            #expect(again.id == first.id && again.duplicate)
            // Another channel, user or project is another message.
            for other in [
                event(3, channel: "jobs", key), event(4, key + #","to":{"user":"u9"}"#), event(5, project: "p2", key),
                event(6, #","client_msg_id":"k2""#),
            ] {
                let receipt = try receipt(try await server.publish(other))
                #expect(!receipt.duplicate && receipt.id != first.id)
            }
            #expect(try await stream.events(count: 4).dropFirst().map(\.data) == ["1", "3", "6"])
        }
    }

    @Test func `an ephemeral event is published once as well`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("project_id=p1&channels=chat,jobs")
            let key = #","client_msg_id":"k1""#
            #expect(try receipt(try await server.publish(event(1, event: "typing.start", key))) == (nil, false))
            #expect(try receipt(try await server.publish(event(2, event: "typing.start", key))) == (nil, true))
            _ = try await server.publish(event(3))
            #expect(try await stream.events(count: 3).dropFirst().map(\.data) == ["1", "3"])
        }
    }

    @Test func `a publisher's own id comes once`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("project_id=p1&channels=chat,jobs")
            #expect(try receipt(try await server.publish(event(1, #","id":40"#))) == (40, false))
            #expect(try receipt(try await server.publish(event(2, #","id":"40""#))) == (40, true))
            // A late one is none that was there before.
            #expect(try receipt(try await server.publish(event(3, #","id":39"#))) == (39, false))
            let events = try await stream.events(count: 3).dropFirst()
            #expect(events.map(\.data) == ["1", "3"] && events.map(\.id) == ["40", "39"])
        }
    }

    @Test func `a project's ids come from one owner`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("project_id=p1&channels=chat,jobs")
            _ = try await server.publish(event(1))
            let own = try await server.publish(event(2, #","id":7"#))
            #expect(own.status == 409 && own.error == "timeline_owner_mismatch", "\(own.body)")
            #expect(own.object["message"] is String)
            _ = try await server.publish(event(3, project: "p2", #","id":7"#))
            let none = try await server.publish(event(4, project: "p2"))
            #expect(none.status == 409 && none.error == "timeline_owner_mismatch")
            // It changes nothing, for that event or for the next.
            _ = try await server.publish(event(5))
            #expect(try await stream.events(count: 3).dropFirst().map(\.data) == ["1", "5"])
            #expect(await server.hub.statistics().relay.rejectedTotal["timeline_owner_mismatch"] == 2)
        }
    }

    @Test func `in a batch each item has its own receipt or problem`() async throws {
        try await TestServer.run { server in
            let key = #","client_msg_id":"k1""#
            let batch = [
                event(1, key), event(2, key), event(3, #","id":7"#), event(4, event: "typing.start"), event(5),
            ]
            let answer = try await server.publish("[" + batch.joined(separator: ",") + "]")
            #expect(answer.status == 200)
            let body = try JSONSerialization.jsonObject(with: Data(answer.body.utf8))
            let items = try #require(body as? [[String: Any]])
            #expect(items.count == 5)
            #expect(items.map { $0["duplicate"] as? Bool } == [false, true, nil, false, false])
            #expect(items[2]["error"] as? String == "timeline_owner_mismatch")
            let first = try #require(items[0]["id"] as? Int)
            #expect(items[1]["id"] as? Int == first)
            #expect(items[3]["id"] is NSNull)
            #expect(try #require(items[4]["id"] as? Int) > first)
        }
    }

    @Test func `what could not be published is not half-done`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("project_id=p1&channels=chat,jobs")
            let message = event(1, #","client_msg_id":"k1""#)
            server.relay.set(up: false)
            let refused = try await server.publish(message)
            #expect(refused.status == 503 && refused.error == "relay_unavailable")
            #expect(refused.field("Retry-After") == "1")
            server.relay.set(up: true)
            let history = try await server.get("/history?project_id=p1")
            #expect((history.object["events"] as? [Any])?.isEmpty == true)
            // The retry is the first that counts.
            let receipt = try receipt(try await server.publish(message))
            #expect(!receipt.duplicate)
            let live = try #require(try await stream.events(count: 2).last)
            #expect(live.id.flatMap { Int($0) } == receipt.id && live.data == "1")
        }
    }
}
