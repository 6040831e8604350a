import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// Limits, over HTTP.
@Suite struct AdmissionTests {
    @Test func `a user over the limit is refused where the policy says so`() async throws {
        try await TestServer.run(hub: { $0.streamLimit = StreamLimit(maximum: 2, policy: .reject) }) { server in
            let query = "user_id=ada&project_id=p1&channels=chat"
            let first = try await server.stream(query)
            let second = try await server.stream(query)
            for method in ["GET", "POST", "HEAD"] {
                let answer = try await server.get("/stream?\(query)", method: method)
                #expect(answer.status == 429, "\(method)")
                #expect(answer.field("X-SSE-Connection-Limit") == "2")
                #expect(answer.field("X-SSE-Current-Connections") == "2")
                #expect((30...60).contains(Int(answer.field("Retry-After") ?? "") ?? 0))
                guard method != "HEAD" else { continue }
                #expect(answer.error == "too_many_connections")
                #expect(answer.object["current_connections"] as? Int == 2)
                #expect(answer.object["max_connections"] as? Int == 2)
            }
            // Neither other users, nor other projects, nor those without a name.
            for query in ["user_id=bob&project_id=p1", "user_id=ada&project_id=p2"] {
                let other = try await server.stream(query)
                await other.close()
            }
            var anonymous: [RawClient] = []
            for _ in 0..<4 { anonymous.append(try await server.stream("project_id=p1")) }
            // A place that is given up is another's.
            await first.close()
            try await server.figures(try ProjectID("p1")) { $0.users > 0 && $0.streams.open <= 5 }
            try await server.untilAdmitted(query)
            #expect(second.end == nil)
        }
    }

    @Test func `the newest stream of a client replaces its older one`() async throws {
        try await TestServer.run { server in
            let query = "user_id=ada&project_id=p1&client_instance_id=i1"
            let old = try await server.stream(query)
            let new = try await server.stream(query)
            let text = try await old.receiveAll()
            #expect(text.contains(#""reason":"replaced","reconnect":false,"retry_ms":60000"#))
            #expect(new.end == nil)
        }
    }

    @Test func `a user over the limit loses the oldest stream`() async throws {
        try await TestServer.run(hub: { $0.streamLimit = StreamLimit(maximum: 2, policy: .evict) }) { server in
            var streams: [RawClient] = []
            for _ in 0..<3 { streams.append(try await server.stream("user_id=ada&project_id=p1")) }
            let text = try await streams[0].receiveAll()
            #expect(text.contains(#""reason":"evicted","reconnect":true"#))
            #expect(streams[1].end == nil && streams[2].end == nil)
        }
    }

    @Test func `a full node refuses, and the connection goes on`() async throws {
        try await TestServer.run(hub: { $0.maximumStreams = 1 }) { server in
            let only = try await server.stream("user_id=ada")
            let client = try await server.connect(
                sending: "GET /stream HTTP/1.1\r\nHost: t\r\n\r\nGET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"
            )
            let text = try await client.receive(#"{"status":"ok"}"#)
            #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains(#""error":"node_full""#))
            #expect(try await server.get("/stream", method: "HEAD").status == 503)
            await only.close()
            try await server.untilAdmitted("user_id=eve")
        }
    }

    @Test func `clients that leave at once leave no place taken`() async throws {
        try await TestServer.run(hub: { $0.maximumStreams = 4 }) { server in
            for _ in 0..<50 {
                let client = try await server.connect(sending: "GET /stream?user_id=ada HTTP/1.1\r\nHost: t\r\n\r\n")
                await client.close()
                let half = try await server.connect(sending: "GET /stream?user_id=eve HTTP/1.1\r\nHost: t\r\n\r\n")
                await half.halfClose()
                try await half.receiveAll()
            }
            try await server.figures { $0.streams.open == 0 }
            var streams: [RawClient] = []
            for user in 0..<4 { streams.append(try await server.untilAdmitted("user_id=u\(user)")) }
            #expect(try await server.get("/stream?user_id=x", method: "HEAD").status == 503)
        }
    }

    @Test func `what a client sends while its stream waits for a place is held back`() async throws {
        try await Self.runHeld(maximum: 1) { server, held in
            let query = "user_id=ada&channels=chat"
            let first = try await server.connect(sending: "GET /stream?\(query) HTTP/1.1\r\nHost: t\r\n\r\n")
            try await held.until(waiting: 1)
            let second = try await server.connect(
                sending: "GET /stream?\(query) HTTP/1.1\r\nHost: t\r\n\r\nGET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"
            )
            try await held.until(waiting: 2)
            // Others are served meanwhile.
            #expect(try await server.get("/healthz").status == 200)
            #expect(first.received.isEmpty && second.received.isEmpty)
            held.release()
            try await first.receive("event: connected")
            let text = try await second.receive(#"{"status":"ok"}"#)
            #expect(text.hasPrefix("HTTP/1.1 429 "))
        }
    }

    @Test func `a client that leaves while its stream waits takes no place`() async throws {
        try await Self.runHeld(maximum: 3) { server, held in
            let request = "GET /stream?user_id=ada&channels=chat HTTP/1.1\r\nHost: t\r\n\r\n"
            let gone = try await server.connect(sending: request)
            let half = try await server.connect(sending: request)
            let reset = try await server.connect(sending: request)
            try await held.until(waiting: 3)
            await gone.close()
            await half.halfClose()
            await reset.reset()
            // Their ends have reached the sockets; a few rounds later each event loop has seen them.
            for _ in 0..<8 { _ = try await server.get("/healthz") }
            held.release()
            #expect(try await half.receiveAll().isEmpty)
            var streams: [RawClient] = []
            for _ in 0..<3 { streams.append(try await server.untilAdmitted("user_id=ada&channels=chat")) }
            #expect(try await server.get("/stream?user_id=ada", method: "HEAD").status == 429)
            #expect(await server.hub.statistics().streams.openedTotal == 3)
        }
    }

    /// A server whose registry answers when the test says so.
    private static func runHeld(
        maximum: Int, _ body: @escaping @Sendable (TestServer, HeldCoordination) async throws -> Void
    ) async throws {
        let coordination = NIOLockedValueBox<HeldCoordination?>(nil)
        try await TestServer.run(
            hub: {
                $0.registerTimeoutMilliseconds = Int(RawClient.patience.nanoseconds / 1_000_000)
                $0.streamLimit = StreamLimit(maximum: maximum, policy: .reject)
            },
            coordination: { base in
                let held = HeldCoordination(base)
                coordination.withLockedValue { $0 = held }
                return held
            }
        ) { server in
            try await body(server, try #require(coordination.withLockedValue { $0 }))
        }
    }
}
