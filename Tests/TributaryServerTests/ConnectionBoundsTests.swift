import Testing
import TributaryServer
import TributaryTesting

/// What all connections together may take.
@Suite struct ConnectionBoundsTests {
    @Test func `whoever waits longest makes room for whoever asks, and streams stay`() async throws {
        var configuration = TestServer.patient
        // Wide enough for who was just accepted not to be among those who wait longest, whichever loop is slow.
        configuration.maximumConnections = 12
        try await TestServer.run(configuration) { server in
            let stream = try await server.stream("channels=chat")
            var waiting: [RawClient] = []
            for _ in 0..<40 { waiting.append(try await server.connect(sending: "GET /stats HTTP/1.1\r\nX: ")) }
            #expect(try await server.get("/healthz").status == 200)
            #expect(try await waiting[0].receiveAll() == "")
            for _ in 0..<20 { #expect(try await server.get("/healthz").status == 200) }
            #expect(stream.end == nil)
            for client in waiting { await client.close() }
        }
    }

    @Test func `bodies that wait make room for one that comes`() async throws {
        var configuration = TestServer.patient
        configuration.limits.heldBodyBytes = 2_000
        try await TestServer.run(configuration) { server in
            let half = "POST /publish HTTP/1.1\r\nContent-Length: 1500\r\n\r\n" + String(repeating: " ", count: 1_400)
            let first = try await server.connect(sending: half)
            let second = try await server.connect(sending: half)
            // One of them; which one depends on who was read first.
            let ended = Task { try await first.receiveAll() }
            let other = Task { try await second.receiveAll() }
            let event = #"{"channel":"chat","event":"typing.start","data":1}"#
            let padded = event + String(repeating: " ", count: 1_000)
            #expect(try await server.publish(padded).status == 200)
            await first.close()
            await second.close()
            _ = try await (ended.value, other.value)
        }
    }

    @Test func `what becomes no part of a request is counted too`() async throws {
        try await TestServer.run { server in
            let chunked = "POST /publish HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            let extended = try await Answer(server.exchange(chunked + "2;" + String(repeating: "a", count: 1_200_000)))
            #expect(extended.status == 413 && extended.error == "body_too_large")
            let size = try await Answer(server.exchange(chunked + String(repeating: "0", count: 1_200_000)))
            #expect(size.status == 413 && size.error == "body_too_large")
            let lines = try await Answer(server.exchange(String(repeating: "\r\n", count: 60_000)))
            #expect(lines.status == 431 && lines.error == "head_too_large")
            // A few are what some clients send.
            let served = try await Answer(server.exchange("\r\n\r\nGET /healthz HTTP/1.0\r\n\r\n"))
            #expect(served.status == 200)
        }
    }

    @Test(arguments: ["Host: a\r\nHost: b", "Host: a\r\nTransfer-Encoding: gzip, chunked"])
    func `a request that a proxy might read differently is refused`(_ fields: String) async throws {
        try await TestServer.run { server in
            let answer = try await Answer(server.exchange("POST /publish HTTP/1.1\r\n\(fields)\r\n\r\n"))
            #expect(answer.status == 400 && answer.error == "malformed_request")
        }
    }
}
