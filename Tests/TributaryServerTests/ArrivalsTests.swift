import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing
import TributaryTesting

@testable import TributaryCore
@testable import TributaryServer

/// Connections whose first request is read before they have a channel, on Linux; elsewhere they have one, and all of this holds too.
@Suite struct ArrivalsTests {
    @Test func `streams are spread over the event loops, as many to each`() async throws {
        try await TestServer.run { server in
            var streams: [RawClient] = []
            for _ in 0..<20 { streams.append(try await server.stream("channels=chat")) }
            var counts: [Int] = []
            for shard in server.hub.shards { counts.append(try await shard.eventLoop.submit { shard.openCount }.get()) }
            #expect(counts == [10, 10])
            for stream in streams { await stream.close() }
        }
    }

    @Test func `a connection goes on after a stream was refused`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect(sending: "GET /stream?channels=nope HTTP/1.1\r\nHost: t\r\n\r\n")
            try await client.receive(#""error":"unknown_channel""#)
            await client.send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
            try await client.receive(#"{"status":"ok"}"#)
            await client.send("GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\n\r\n")
            try await client.receive("event: connected")
            await client.close()
        }
    }

    @Test func `a refused client that wants no more gets its answer and the end`() async throws {
        try await TestServer.run { server in
            let request = "GET /stream?channels=nope HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
            let answer = try Answer(await server.exchange(request))
            #expect(answer.status == 400 && answer.body.contains("unknown_channel"))
        }
    }

    @Test(arguments: [1, 4, 11, 30]) func `what comes with the connection may be any part of a request`(
        length: Int
    ) async throws {
        try await TestServer.run { server in
            let request = "GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\n\r\n"
            let client = try await server.connect(sending: String(request.prefix(length)))
            // Time for the part to be read by itself: whatever is read together is right too.
            for _ in 0..<4 { _ = try await server.get("/healthz") }
            await client.send(String(request.dropFirst(length)))
            try await client.receive("event: connected")
            await client.close()
        }
    }

    @Test func `what comes behind a request for a stream is answered after a refusal`() async throws {
        try await TestServer.run { server in
            let client = try await server.connect(
                sending: "GET /stream?channels=nope HTTP/1.1\r\nHost: t\r\n\r\nGET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"
            )
            let text = try await client.receive(#"{"status":"ok"}"#)
            #expect(text.hasPrefix("HTTP/1.1 400 "))
            await client.close()
        }
    }

    @Test func `a client that says nothing, or only leaves, takes no place`() async throws {
        var configuration = TestServer.patient
        configuration.maximumConnections = 8
        try await TestServer.run(configuration) { server in
            for _ in 0..<40 {
                let silent = try await server.connect()
                await silent.close()
            }
            let stream = try await server.stream("channels=chat")
            await stream.close()
        }
    }

    @Test func `room that streams took is there again when they have ended`() async throws {
        var configuration = TestServer.patient
        configuration.maximumConnections = 4
        try await TestServer.run(configuration) { server in
            for _ in 0..<5 {
                var streams: [RawClient] = []
                for _ in 0..<4 { streams.append(try await server.stream("channels=chat")) }
                // It waits in the kernel until there is room.
                let waiting = try await server.connect(sending: "GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\n\r\n")
                #expect(waiting.received.isEmpty)
                await streams.removeLast().close()
                try await waiting.receive("event: connected")
                for stream in streams + [waiting] { await stream.close() }
                try await server.figures { $0.streams.open == 0 }
            }
        }
    }

    @Test func `a shutdown waits for what is still being decided`() async throws {
        let connections = OpenConnections(maximum: nil, maximumBodyBytes: 1)
        #expect(connections.arrive())
        let isOver = NIOLockedValueBox(false)
        connections.quiesce()
        #expect(!connections.arrive())
        await withTaskGroup { group in
            group.addTask {
                await connections.untilEmpty()
                isOver.withLockedValue { $0 = true }
            }
            for _ in 0..<16 { await Task.yield() }
            #expect(!isOver.withLockedValue { $0 })
            let channel = EmbeddedChannel()
            // It is answered, and that is the last answer.
            #expect(connections.settle(channel))
            for _ in 0..<16 { await Task.yield() }
            #expect(!isOver.withLockedValue { $0 })
            connections.remove(channel)
        }
        #expect(isOver.withLockedValue { $0 })
    }

    @Test func `an address is written as the system writes it`() throws {
        for text in ["0.0.0.0", "127.0.0.1", "10.20.30.40", "192.168.100.255", "255.255.255.255", "1.2.3.4"] {
            #expect(IPAddress(text)?.description == text)
        }
    }
}
