import NIOCore
import NIOHPACK
import NIOHTTP2
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// Requests over HTTP/2, and the connection as such.
@Suite struct HTTP2Tests {
    @Test func `the server says what it takes`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            try await client.until("settings") { !$0.settings.isEmpty }
            let settings = client.state.settings
            #expect(settings.contains(HTTP2Setting(parameter: .maxConcurrentStreams, value: 128)))
            #expect(settings.contains(HTTP2Setting(parameter: .maxHeaderListSize, value: 16 << 10)))
            await client.close()
        }
    }

    @Test func `requests of one connection are answered side by side`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            var exchanges: [HTTP2Exchange] = []
            for number in 0..<40 {
                exchanges.append(try await client.send("GET", number % 2 == 0 ? "/healthz" : "/nothing"))
            }
            for (number, exchange) in exchanges.enumerated() {
                let answer = try await exchange.end()
                #expect(answer.status == (number % 2 == 0 ? 200 : 404))
                #expect(answer.hasEnded && answer.reset == nil)
                for name in ["connection", "transfer-encoding", "keep-alive"] {
                    #expect(answer.head?.contains(name: name) == false, "\(name)")
                }
                #expect(answer.head?.contains(name: "date") == true)
                #expect(answer.head?.first(name: "content-length") == String(answer.body.count))
            }
            let head = try await client.send("HEAD", "/healthz").end()
            #expect(head.status == 200 && head.body.isEmpty && head.head?.first(name: "content-length") == "15")
            await client.close()
        }
    }

    @Test func `a body is taken, and one that is too large is refused without a reset that says otherwise`()
        async throws
    {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            let event = #"{"channel":"chat","event":"message.new","data":"\#(String(repeating: "x", count: 200_000))"}"#
            let taken = try await client.send("POST", "/publish", body: event).end()
            #expect(taken.status == 200 && taken.text.contains(#""duplicate":false"#))

            let large = String(repeating: "x", count: (1 << 20) + 1)
            let counted = try await client.send("POST", "/publish", body: large).end()
            #expect(counted.status == 413 && counted.text.contains("body_too_large"))
            let announced = try await client.send(
                "POST", "/publish", [("content-length", "2000000")], body: "x", ends: false)
            let refused = try await announced.until("its end") { $0.isClosed }
            #expect(refused.status == 413 && refused.hasEnded)
            #expect(refused.reset == nil || refused.reset == .noError)
            #expect(try await client.send("GET", "/healthz").end().status == 200)
            await client.close()
        }
    }

    @Test func `a body that takes too long is given up, and nothing else with it`() async throws {
        try await TestServer.runTLS {
            $0.limits.bodyTimeout = .milliseconds(300)
        } _: { server, _ in
            let client = try await server.connectHTTP2()
            let slow = try await client.send("POST", "/publish", body: "{", ends: false)
            let answer = try await slow.until("its end") { $0.isClosed }
            #expect(answer.status == 408 && answer.text.contains("request_timeout"))
            #expect(try await client.send("GET", "/healthz").end().status == 200)
            await client.close()
        }
    }

    @Test func `a head that is too large ends the connection`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            _ = try? await client.send("GET", "/healthz", [("x-long", String(repeating: "a", count: 17 << 10))])
            try await client.until("the end") { $0.isClosed }
            #expect(client.state.goAways.last?.code != HTTP2ErrorCode.noError)
        }
    }

    @Test func `a request that breaks the rules is reset, its neighbours go on`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            let stream = try await client.stream("channels=chat")
            // A field of HTTP/1's connections.
            let bad = try await client.send("GET", "/healthz", [("connection", "close")])
            try await bad.until("its end") { $0.isClosed }
            #expect(bad.state.status == nil)
            #expect(try await client.send("GET", "/healthz").end().status == 200)
            #expect(!stream.state.isClosed)
            await client.close()
        }
    }

    @Test func `a flood of resets ends the connection, and others hear nothing of it`() async throws {
        try await TestServer.runTLS { server, _ in
            let other = try await server.connectHTTP2()
            let stream = try await other.stream("channels=chat")
            let client = try await server.connectHTTP2()
            for _ in 0..<400 where !client.state.isClosed {
                guard let exchange = try? await client.send("GET", "/stream?channels=chat") else { break }
                await exchange.reset()
            }
            try await client.until("the end") { $0.isClosed }
            #expect(client.state.goAways.contains { $0.code == .enhanceYourCalm })
            try await server.figures { $0.streams.open == 1 }
            #expect(
                try await other.send("POST", "/publish", body: #"{"channel":"chat","event":"message.new","data":1}"#)
                    .end().status == 200)
            try await stream.until("the event") { $0.events.count == 2 }
            await other.close()
        }
    }

    @Test func `a flood of pings ends the connection`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectHTTP2()
            for number in 0..<400 {
                let ping = HTTP2Frame(
                    streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: UInt64(number)), ack: false))
                client.channel.writeAndFlush(ping, promise: nil)
            }
            try await client.until("the end") { $0.isClosed }
            #expect(client.state.goAways.contains { $0.code == .enhanceYourCalm })
        }
    }

    @Test func `a connection without streams ends after its time, politely`() async throws {
        try await TestServer.runTLS {
            $0.limits.idleTimeout = .milliseconds(200)
            $0.limits.lingerTimeout = .milliseconds(200)
            $0.limits.headTimeout = .milliseconds(500)
        } _: { server, _ in
            let idle = try await server.connectHTTP2()
            #expect(try await idle.send("GET", "/healthz").end().status == 200)
            let busy = try await server.connectHTTP2()
            let stream = try await busy.stream("channels=chat")
            let silent = try await server.connectHTTP2()
            for client in [idle, silent] {
                try await client.until("the end") { $0.isClosed }
                #expect(client.state.goAways.map(\.code) == [.noError])
                #expect(client.state.goAways.first?.last == (client === idle ? 1 : .rootStream))
            }
            #expect(!stream.state.isClosed && busy.state.goAways.isEmpty)
            await busy.close()
        }
    }
}
