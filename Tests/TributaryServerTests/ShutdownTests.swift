import NIOConcurrencyHelpers
import NIOCore
import ServiceLifecycle
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

@Suite struct ShutdownTests {
    @Test func `a graceful shutdown ends streams and connections, and refuses what is new`() async throws {
        var configuration = TestServer.patient
        configuration.drain = .seconds(1)
        try await TestServer.run(configuration) { server in
            var streams: [RawClient] = []
            for _ in 0..<20 { streams.append(try await server.stream()) }
            let idle = try await server.connect()
            let kept = try await server.connect()
            await kept.send("GET /readyz HTTP/1.1\r\n\r\n")
            try await kept.receive(#"{"ready":true}"#)

            await server.services.triggerGracefulShutdown()
            try await server.figures { _ in server.hub.isDraining }
            await kept.send("GET /readyz HTTP/1.1\r\n\r\nGET /stream HTTP/1.1\r\n\r\n")
            try await kept.receive(#""reason":"draining""#)
            try await kept.receive(#"{"error":"draining""#)
            await #expect(throws: (any Error).self) { _ = try await server.connect() }

            for stream in streams {
                try await stream.receiveAll()
                let last = try #require(try await stream.events(count: 2).last)
                #expect(last.event == "server_close" && last.data.contains(#""reason":"draining","reconnect":true"#))
            }
            try await idle.receiveAll()
            try await kept.receiveAll()
            await idle.close()
            await kept.close()
            #expect(await server.hub.statistics().streams.closedTotal["draining"] == 20)
        }
    }

    @Test func `cancellation ends everything at once`() async throws {
        struct Enough: Error {}
        let streams = NIOLockedValueBox<[RawClient]>([])
        var configuration = TestServer.patient
        configuration.drain = .hours(1)
        await #expect(throws: Enough.self) {
            try await TestServer.run(configuration) { server in
                let clients = [try await server.stream(), try await server.stream(), try await server.connect()]
                streams.withLockedValue { $0 = clients }
                throw Enough()
            }
        }
        for client in streams.withLockedValue({ $0 }) { try await client.receiveAll() }
    }

    @Test func `a drain that is cancelled ends the rest at once`() async throws {
        struct Enough: Error {}
        let streams = NIOLockedValueBox<[RawClient]>([])
        var configuration = TestServer.patient
        configuration.drain = .hours(1)
        await #expect(throws: Enough.self) {
            try await TestServer.run(configuration) { server in
                for _ in 0..<6 {
                    let client = try await server.stream()
                    streams.withLockedValue { $0.append(client) }
                }
                await server.services.triggerGracefulShutdown()
                try await server.figures { _ in server.hub.isDraining }
                throw Enough()
            }
        }
        for client in streams.withLockedValue({ $0 }) {
            #expect(try await client.receiveAll().contains("event: server_close"))
        }
    }

    @Test func `what is being answered is answered`() async throws {
        try await TestServer.run { server in
            let slow = try await server.connect()
            let body = #"{"channel":"chat","event":"x","data":1}"#
            await slow.send(
                "POST /publish HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: \(body.count)\r\n\r\n"
            )
            try await slow.receive("100 Continue\r\n\r\n")
            await server.services.triggerGracefulShutdown()
            try await server.figures { _ in server.hub.isDraining }
            await slow.send(body)
            #expect(try await slow.receiveAll().contains("HTTP/1.1 200 OK\r\n"))
            await slow.close()
        }
    }
}
