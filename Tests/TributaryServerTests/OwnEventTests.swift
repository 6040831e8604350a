import Foundation
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// Who may publish what, how fast, through a server.
@Suite struct OwnEventTests {
    private static let token = "a-publisher-s-token"

    private func proxied(_ change: (inout PublishingConfiguration) throws -> Void = { _ in }) throws
        -> ServerConfiguration
    {
        var configuration = try TestServer.proxied()
        configuration.publishing.token = try BearerToken(Self.token)
        try change(&configuration.publishing)
        return configuration
    }

    // MARK: Signed requests

    @Test func `a signed user reads and publishes as who the proxy says`() async throws {
        try await TestServer.run(proxied()) { server in
            let stream = try await server.stream("channels=chat&project_id=p1", of: "auth0|é")
            let body = #"{"channel":"chat","project_id":"p1","event":"message.new","data":{"content":{"text": 1.0}}}"#
            #expect(try await server.send("POST", "/publish", body, of: "ada").status == 200)
            let events = try await stream.events(count: 2)
            #expect(events[0].data.contains(#""user_id":"auth0|é""#))
            #expect(events[1].data == #"{"content":{"text": 1.0,"actor_type":"client"},"userId":"ada"}"#)
        }
    }

    @Test func `nobody gets in without a signature, and none counts twice or late`() async throws {
        try await TestServer.run(proxied()) { server in
            let body = #"{"channel":"chat","event":"x","data":1}"#
            #expect(try await server.publish(body).error == "unauthorized")
            let fields = "Connection: close\r\nX-Tributary-User: ada\r\nContent-Length: 0"
            let named = "POST /publish HTTP/1.1\r\n\(fields)\r\n\r\n"
            #expect(try await Answer(server.exchange(named)).error == "unauthorized")
            let request = TestServer.request("POST", "/publish", body, of: "ada")
            #expect(try await Answer(server.exchange(request)).status == 200)
            let again = try await Answer(server.exchange(request))
            #expect(again.status == 401 && again.error == "replayed_signature")
            let tampered = request.replacing(#""event":"x""#, with: #""event":"y""#)
            #expect(try await Answer(server.exchange(tampered)).error == "invalid_signature")
            let old = TestServer.request(
                "POST", "/publish", body, of: "ada", at: Instant.now.milliseconds / 1_000 - 400)
            #expect(try await Answer(server.exchange(old)).error == "stale_signature")
            // Reading may be repeated, word for word.
            let read = TestServer.request("GET", "/history?channel=chat", of: "ada")
            for _ in 0..<2 { #expect(try await Answer(server.exchange(read)).status == 200) }
            let changed = read.replacing("channel=chat", with: "channel=jobs")
            #expect(try await Answer(server.exchange(changed)).error == "invalid_signature")
            // And a user's word about itself has to be the proxy's.
            let target = "/stream?user_id=bob"
            #expect(try await server.send("POST", target, of: "ada").error == "user_mismatch")
            #expect(try await server.send("POST", "/stream", of: "ada").object["userId"] as? String == "ada")
        }
    }

    // MARK: Own events

    @Test func `each item of a batch is judged by itself`() async throws {
        try await TestServer.run(proxied()) { server in
            let stream = try await server.stream("channels=chat", of: "bob")
            let items = [
                #"{"channel":"chat","event":"message.new","data":{"userId":"bob"}}"#,
                #"{"channel":"chat","event":"message.new","data":{"user\u0049d":"bob"}}"#,
                #"{"channel":"chat","event":"message.new","data":{"userId":"ada","userId":"bob"}}"#,
                #"{"channel":"chat","event":"message.new","data":[]}"#,
                #"{"channel":"chat","event":"message.new","data":{"content":"assistant"}}"#,
                #"{"channel":"chat","event":"message.new","data":{},"id":7}"#,
                #"{"channel":"chat","event":"message.new","data":{},"to":{"user":"bob"}}"#,
                #"{"channel":"presence","event":"presence.snapshot","data":{}}"#,
                #"{"channel":"chat","event":"typing.start","data":{"user_type":"advisor","projectId":"p1"}}"#,
            ]
            let answer = try await server.send("POST", "/publish", "[\(items.joined(separator: ","))]", of: "ada")
            #expect(answer.status == 200)
            let codes = answer.body.split(separator: "\"error\":\"").dropFirst().map { $0.prefix { $0 != "\"" } }
            #expect(
                codes == [
                    "user_mismatch", "user_mismatch", "repeated_key", "data_not_an_object", "data_not_an_object",
                    "id_forbidden", "recipient_forbidden", "event_forbidden",
                ])
            let event = try await stream.events(count: 2)[1]
            #expect(event.data == #"{"user_type":"client","projectId":"p1","userId":"ada"}"#)
        }
    }

    @Test func `a client_msg_id is its user's own`() async throws {
        try await TestServer.run(proxied()) { server in
            let body = #"{"channel":"chat","event":"message.new","data":{},"client_msg_id":"k"}"#
            let ada = try await server.send("POST", "/publish?n=1", body, of: "ada")
            let bob = try await server.send("POST", "/publish?n=1", body, of: "bob")
            let service = try await server.send("POST", "/publish", body, token: Self.token)
            let receipts = [ada, bob, service].map { $0.object["duplicate"] as? Bool }
            #expect(receipts == [false, false, false])
            let again = try await server.send("POST", "/publish?n=2", body, of: "ada")
            #expect(again.object["duplicate"] as? Bool == true)
            #expect(again.object["id"] as? UInt64 == ada.object["id"] as? UInt64)
            let history = try await server.send("GET", "/history?channel=chat", of: "ada")
            #expect(history.body.contains(#"{"client_msg_id":"k","content":{"actor_type":"client"},"userId":"bob"}"#))
        }
    }

    @Test func `a user's event has its place in a trace as well`() async throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        try await TestServer.run(proxied()) { server in
            let body = #"{"channel":"chat","event":"message.new","data":{},"traceparent":"\#(trace)"}"#
            let answer = try await server.send("POST", "/publish", body, of: "ada")
            let id = try #require((answer.object["id"] as? UInt64).flatMap(EventID.init))
            let logged = await server.hub.explain(id, to: try UserID("ada"), in: .default).logged
            #expect(logged.traceparent == trace)
        }
    }

    @Test func `services publish for everybody, byte for byte, and with the token before as well`() async throws {
        let previous = "the-token-before-this"
        let configuration = try proxied { $0.previousToken = try BearerToken(previous) }
        try await TestServer.run(configuration) { server in
            let stream = try await server.stream("channels=chat", of: "bob")
            let data = #"{"userId":"eve","userId":1}"#
            let body = #"{"channel":"chat","event":"message.new","id":7,"to":{"user":"bob"},"data":\#(data)}"#
            #expect(try await server.send("POST", "/publish", body, token: Self.token).status == 200)
            #expect(try await stream.events(count: 2)[1].data == data)
            let other = body.replacing(":7", with: ":8")
            #expect(try await server.send("POST", "/publish", other, token: previous).status == 200)
            #expect(try await server.send("POST", "/publish", other, token: "no-token-of-anybody").status == 401)
            // It reads nothing with it.
            let history = try await server.send("GET", "/history?channel=chat", token: Self.token)
            #expect(history.error == "channel_forbidden")
        }
    }

    // MARK: Rates

    @Test func `a user who publishes too fast is told when to go on, and nobody else is`() async throws {
        try await TestServer.run(proxied { $0.ratePerUser = 1 }) { server in
            let item = #"{"channel":"chat","event":"x","data":1}"#
            let batch = "[\(Array(repeating: item, count: 5).joined(separator: ","))]"
            let answer = try await server.send("POST", "/publish", batch, of: "ada")
            // Each item counts for itself: two seconds' worth goes through, or one more on a slow machine.
            #expect(answer.status == 200)
            #expect((2...4).contains(answer.body.components(separatedBy: "\"duplicate\"").count - 1))
            #expect(answer.body.contains(#""error":"publish_rate_exceeded""#))
            #expect(answer.body.contains(#""limit":"user""#))
            #expect(try await server.send("POST", "/publish", batch, of: "bob").body.hasPrefix(#"[{"id""#))
            let services = try await server.send("POST", "/publish", batch, token: Self.token)
            #expect(!services.body.contains("error"))
        }
    }

    @Test func `one event too many is 429 with Retry-After, and so is typing`() async throws {
        try await TestServer.run(proxied { $0.ratePerUser = 1 }) { server in
            let item = #"{"channel":"chat","event":"x","data":1}"#
            let batch = "[\(Array(repeating: item, count: 500).joined(separator: ","))]"
            // A machine that needs a second for each of these hands out no refusal.
            try await server.refused { try await server.send("POST", "/publish?batch=\($0)", batch, of: "ada") }
            let one = try await server.refused { try await server.send("POST", "/publish?n=\($0)", item, of: "ada") }
            #expect(one.status == 429 && one.error == "publish_rate_exceeded")
            #expect(one.field("Retry-After") == "1" && one.object["limit"] as? String == "user")
            let typing = #"{"state":"start"}"#
            let other = try await server.refused { try await server.send("POST", "/typing?n=\($0)", typing, of: "ada") }
            #expect(other.status == 429 && other.field("Retry-After") == "1")
        }
    }

    @Test func `a project has a rate of its own, for services as well`() async throws {
        try await TestServer.run(proxied { $0.ratePerProject = 1 }) { server in
            let item = #"{"channel":"chat","event":"x","data":1}"#
            let batch = "[\(Array(repeating: item, count: 50).joined(separator: ","))]"
            let answer = try await server.send("POST", "/publish", batch, token: Self.token)
            #expect(answer.body.contains(#""limit":"project""#))
            let elsewhere = item.replacing("{\"channel\"", with: #"{"project_id":"p2","channel""#)
            #expect(try await server.send("POST", "/publish", elsewhere, token: Self.token).status == 200)
        }
    }
}

extension TestServer {
    /// Asks until the answer is a refusal for its rate, whole or of an item.
    @discardableResult
    fileprivate func refused(_ ask: (Int) async throws -> Answer) async throws -> Answer {
        let deadline = NIODeadline.now() + RawClient.patience
        var number = 0
        while true {
            let answer = try await ask(number)
            guard !answer.body.contains("publish_rate_exceeded"), NIODeadline.now() < deadline else { return answer }
            number += 1
        }
    }
}
