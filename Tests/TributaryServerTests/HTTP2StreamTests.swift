import NIOCore
import NIOHPACK
import NIOHTTP2
import ServiceLifecycle
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// Streams of events over HTTP/2.
@Suite struct HTTP2StreamTests {
    private static func publish(_ client: HTTP2Client, _ data: String, project: String = "p") async throws {
        let body = #"{"channel":"chat","project_id":"\#(project)","event":"message.new","data":"\#(data)"}"#
        let answer = try await client.send("POST", "/publish", body: body).end()
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `twenty streams and requests share one connection`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            var streams: [HTTP2Exchange] = []
            for _ in 0..<20 { streams.append(try await client.stream("channels=chat&project_id=p")) }
            let head = try #require(streams[0].state.head)
            #expect(head.first(name: "content-type") == "text/event-stream; charset=utf-8")
            #expect(head.first(name: "cache-control") == "no-cache, no-transform")
            #expect(head.first(name: "x-accel-buffering") == "no" && head.contains(name: "date"))
            #expect(!head.contains(name: "connection") && streams[0].state.status == 200)
            #expect(streams[0].state.text.hasPrefix("event: connected\ndata: {\"protocol\":1,"))
            try await Self.publish(client, "hi")
            for stream in streams {
                let events = try await stream.until("the event") { $0.events.count == 2 }.events
                #expect(events[1].event == "message.new" && events[1].data == #""hi""#)
            }
            // A reset ends one of them; the connection's end the rest.
            await streams[0].reset()
            try await server.figures { $0.streams.open == 19 && $0.streams.closedTotal["client"] == 1 }
            await client.close()
            try await server.figures { $0.streams.open == 0 && $0.streams.closedTotal["client"] == 20 }
        }
    }

    @Test func `a refusal is an answer like any other`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            let refused = try await client.send("GET", "/stream?channels=nope").end()
            #expect(refused.status == 400 && refused.text.contains("unknown_channel") && refused.hasEnded)
            let preflight = try await client.send("HEAD", "/stream").end()
            #expect(preflight.status == 200 && preflight.body.isEmpty)
            await client.close()
        }
    }

    @Test func `a stream whose client takes nothing waits for it, and the others go on`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            let stalled = try await client.stream("channels=chat&project_id=p", reads: false)
            let others = [
                try await client.stream("channels=chat&project_id=p"),
                try await client.stream("channels=chat&project_id=p"),
            ]
            // Far more than the window of 64 KiB, and less than the tail keeps.
            let data = String(repeating: "x", count: 10_000)
            for number in 0..<50 { try await Self.publish(client, "\(number) \(data)") }
            for other in others {
                let events = try await other.until("all") { $0.events.count == 51 }.events
                #expect(events[50].data.hasPrefix(#""49 "#))
            }
            try await server.figures { $0.streams.slow == 1 }
            try await stalled.read()
            let events = try await stalled.until("all, late") { $0.events.count == 51 }.events
            for number in 0..<50 { #expect(events[number + 1].data.hasPrefix("\"\(number) ")) }
            try await server.figures { $0.streams.slow == 0 && $0.streams.open == 3 }
            await client.close()
        }
    }

    @Test func `one that stays stalled is ended, and its connection is not`() async throws {
        try await TestServer.runTLS(hub: { $0.slowConsumerMilliseconds = 1_000 }) { server, _ in
            let client = try await server.connectHTTP2()
            let stalled = try await client.stream("channels=chat&project_id=p", reads: false)
            let other = try await client.stream("channels=chat&project_id=p")
            let data = String(repeating: "x", count: 20_000)
            for number in 0..<20 { try await Self.publish(client, "\(number) \(data)") }
            try await other.until("all") { $0.events.count == 21 }
            try await server.figures { $0.streams.open == 1 && $0.streams.closedTotal["slow_consumer"] == 1 }
            try await stalled.until("its end") { $0.isClosed }
            #expect(!other.state.isClosed && !other.state.hasEnded)
            await client.close()
        }
    }

    @Test func `a drain says GOAWAY, ends the streams with END_STREAM and then the connection`() async throws {
        try await TestServer.runTLS {
            $0.drain = .seconds(1)
        } _: { server, _ in
            let client = try await server.connectHTTP2()
            var streams: [HTTP2Exchange] = []
            for _ in 0..<10 { streams.append(try await client.stream("channels=chat")) }
            let idle = try await server.connectHTTP2()
            #expect(try await idle.send("GET", "/healthz").end().status == 200)
            await server.services.triggerGracefulShutdown()
            try await client.until("the first GOAWAY") { $0.goAways.first?.code == .noError }
            for stream in streams {
                let state = try await stream.end()
                #expect(state.hasEnded && state.reset == nil)
                #expect(state.events.last?.event == "server_close")
                #expect(state.events.last?.data.contains(#""reason":"draining""#) == true)
            }
            try await client.until("the end") { $0.isClosed }
            try await idle.until("the end") { $0.isClosed }
            #expect(client.state.goAways.map(\.code) == [.noError, .noError])
            #expect(client.state.goAways.map { Int($0.last) } == [0x7FFF_FFFF, 19])
        }
    }

    @Test func `a shutdown does not wait for a client that takes nothing`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            let stalled = try await client.stream("channels=chat&project_id=p", reads: false)
            let data = String(repeating: "x", count: 20_000)
            for _ in 0..<20 { try await Self.publish(client, data) }
            try await server.figures { $0.streams.slow == 1 }
            await server.services.triggerGracefulShutdown()
            try await client.until("the end") { $0.isClosed }
            #expect(!stalled.state.hasEnded)
        }
    }
}
