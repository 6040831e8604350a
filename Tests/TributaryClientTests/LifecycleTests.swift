import AsyncHTTPClient
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import Testing
import TributaryClient
import TributaryProtocol

/// Beginnings and ends: nothing is left behind.
@Suite(.timeLimit(.minutes(1))) struct LifecycleTests {
    private static let endless: HostileServer.Script = { connection in
        try await connection.stream(Frame.connected(), Frame.message(1))
        connection.hang()
    }

    /// Until the server has seen its last connection closed.
    private func awaitNoConnections(_ server: HostileServer) async {
        while server.openConnections > 0 { await Task.yield() }
    }

    @Test func `cancelling the task ends the run and its connection`() async throws {
        try await HostileServer.run(Self.endless) { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let events = client.events(MessageNew.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.run() }
                for try await _ in events { break }
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(client.status == .disconnected)
            await awaitNoConnections(server)
        }
    }

    @Test func `the connection of each ending is closed, and an injected HTTP client stays usable`() async throws {
        let http = HTTPClient()
        try await HostileServer.run { connection in
            switch connection.number % 4 {
            case 0: try await connection.stream(Frame.connected(), "data: never ends")
            case 1: try await connection.send(HostileConnection.streamHead.replacing("event-stream", with: "html"))
            case 2: try await connection.stream(Frame.connected(heartbeatMilliseconds: 4))
            default: try await connection.stream(Frame.end)
            }
            // Half of the clients' endings leave a server behind that would go on for ever.
            if connection.number % 4 != 0 { connection.hang() }
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick, httpClient: http)
            for _ in 1...5 { _ = try await client.collect() }
            #expect(server.requests.count == 20)
            await awaitNoConnections(server)
        }
        try await http.shutdown()
    }

    @Test func `close can be called from a handler`() async throws {
        try await HostileServer.run(Self.endless) { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            client.on(MessageNew.self) { [weak client] _ in client?.close() }
            try await client.run()
            #expect(client.cursor == 1)
            await awaitNoConnections(server)
        }
    }

    @Test func `a close right after the start is not lost`() async throws {
        try await HostileServer.run(Self.endless) { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let run = client.start()
            client.close()
            try await run.value
        }
    }

    @Test func `a close ends a long backoff`() async throws {
        try await HostileServer.run {
            try await $0.answer("503 No", headers: ["Retry-After: 3000"])
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            client.onStatusChange { [weak client] status in if case .reconnecting = status { client?.close() } }
            try await client.run()
            #expect(client.status == .disconnected)
        }
    }

    @Test func `a close ends the wait for a token`() async throws {
        try await HostileServer.run(Self.endless) { server in
            let asked = AsyncStream.makeStream(of: Void.self)
            let client = try TributaryClient(
                url: server.url,
                token: {
                    asked.continuation.yield()
                    try await Task.sleep(for: .seconds(3600))
                    return nil
                },
                configuration: .quick
            )
            let run = client.start()
            for await _ in asked.stream { break }
            client.close()
            try await run.value
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `a close lets the handler at hand finish, uncancelled`() async throws {
        try await HostileServer.run(Self.endless) { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let wasCancelled = Recorder<Bool>()
            client.on(MessageNew.self) { [weak client] _ in
                client?.close()
                // Time enough for a cancellation to arrive.
                for _ in 0..<1_000 { await Task.yield() }
                wasCancelled.append(Task.isCancelled)
            }
            try await client.run()
            #expect(wasCancelled.values == [false])
            #expect(client.cursor == 1)
        }
    }

    @Test func `two runs at once are refused, one after the other go on from the cursor`() async throws {
        try await HostileServer.run(Self.endless) { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let events = client.events(MessageNew.self)
            try await client.running {
                for try await _ in events { break }
                await #expect(throws: TributaryClientError.self) { try await client.run() }
            }
            let connected = client.events(Connected.self)
            try await client.running { for try await _ in connected { break } }
            #expect(server.requests.map { $0.headers["last-event-id"] } == [nil, "1"])
        }
    }

    @Test func `a client runs in a service group until its graceful shutdown`() async throws {
        try await HostileServer.run(Self.endless) { server in
            let client = try TributaryClient(url: server.url, configuration: .quick)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: client, successTerminationBehavior: .gracefullyShutdownGroup)],
                    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                )
            )
            client.on(MessageNew.self) { _ in await group.triggerGracefulShutdown() }
            try await group.run()
            await awaitNoConnections(server)
        }
    }

    @Test func `a client that nobody holds is gone, and its sequences end`() async throws {
        var client: TributaryClient? = try TributaryClient(url: "http://127.0.0.1:1", configuration: .quick)
        weak let observed = client
        let events = try #require(client).allEvents
        let statuses = try #require(client).statuses
        client?.on(MessageNew.self) { _ in }
        client = nil
        #expect(observed == nil)
        for try await _ in events {}
        for await _ in statuses {}
    }

    @Test func `channels change between two events, without loss`() async throws {
        try await HostileServer.run { connection in
            let first = connection.request.cursor.flatMap { Int($0) } ?? 0
            let frames = (first + 1...first + 3).map { Frame.message($0) }.joined()
            try await connection.stream(Frame.connected(from: first, latest: first), frames)
            if connection.number == 2 { try await connection.send(Frame.end) }
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, channels: [.chat], from: 0, configuration: .quick)
            client.on(MessageNew.self) { [weak client] event in
                // In the middle of the first connection's events, and of the second's.
                if event.id == EventID(2) { client?.subscribe(.jobs) }
                if event.id == EventID(5) { client?.unsubscribe(.chat) }
            }
            let ids = try await client.collect().map(\.id)
            #expect(ids == (1...8).map(String.init))
            #expect(server.requests.map { $0.query["channels"] } == ["chat", "chat,jobs", "jobs"])
            #expect(server.requests.map(\.cursor) == ["0", "2", "5"])
            #expect(client.channels == [.jobs])
            await awaitNoConnections(server)
        }
    }

    @Test func `channels change while the stream is silent`() async throws {
        try await HostileServer.run { connection in
            try await connection.stream(Frame.connected())
            if connection.request.query["channels"] == "chat,jobs" { try await connection.send(Frame.end) }
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, channels: [.chat], configuration: .quick)
            client.on(Connected.self) { [weak client] _ in
                Task { client?.subscribe(.jobs) }
            }
            _ = try await client.collect()
            #expect(server.requests.count == 2)
        }
    }

    @Test func `without channels there is no connection until one is added`() async throws {
        try await HostileServer.run { connection in
            try await connection.stream(Frame.connected(), Frame.end)
            connection.hang()
        } _: { server in
            let client = try TributaryClient(url: server.url, channels: [], configuration: .quick)
            let run = client.start()
            let statuses = client.statuses
            #expect(server.requests.isEmpty)
            client.subscribe(.presence)
            for await status in statuses { if status == .connected { break } }
            client.unsubscribe(.presence)
            for await status in client.statuses { if status == .disconnected { break } }
            client.close()
            try await run.value
            #expect(server.requests.map { $0.query["channels"] } == ["presence"])
        }
    }
}
