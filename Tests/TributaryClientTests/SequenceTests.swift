import Testing
import TributaryClient
import TributaryProtocol

/// Events as sequences: bounded, without loss, and never in the way of others for long.
@Suite(.timeLimit(.minutes(1))) struct SequenceTests {
    private let configuration = TributaryClientConfiguration.quick.with { $0.sequenceBuffer = 4 }

    private static let hundred: HostileServer.Script = { connection in
        try await connection.stream((1...100).map { Frame.message($0) }.joined(), Frame.end)
        connection.hang()
    }

    @Test func `a slow loop gets every event through a small buffer`() async throws {
        try await HostileServer.run(Self.hundred) { server in
            let client = try TributaryClient(url: server.url, configuration: configuration)
            let events = client.events(MessageNew.self)
            let ids = try await client.running {
                var ids: [UInt64?] = []
                for try await event in events {
                    await Task.yield()
                    ids.append(event.id?.rawValue)
                    if ids.count == 100 { break }
                }
                return ids
            }
            #expect(ids == (1...100).map { $0 })
        }
    }

    @Test func `a loop that stands still is ended, after what waits, and the others go on`() async throws {
        try await HostileServer.run(Self.hundred) { server in
            let client = try TributaryClient(
                url: server.url, configuration: configuration.with { $0.stallLimit = .milliseconds(50) }
            )
            let stalled = client.events(MessageNew.self)
            #expect(try await client.collect().count == 100)
            var ids: [UInt64?] = []
            do {
                for try await event in stalled { ids.append(event.id?.rawValue) }
                Issue.record("ended without an error")
            } catch TributaryClientError.consumerStalled(type: "MessageNew", limit: 4) {}
            #expect(ids == [1, 2, 3, 4])
        }
    }

    @Test func `a sequence that is let go holds nobody up`() async throws {
        try await HostileServer.run(Self.hundred) { server in
            let client = try TributaryClient(
                url: server.url, configuration: configuration.with { $0.stallLimit = .seconds(3600) }
            )
            _ = client.events(MessageNew.self)
            for try await _ in client.events(MessageNew.self).prefix(0) {}
            #expect(try await client.collect().count == 100)
        }
    }

    @Test func `closing does not wait for a loop that stands still`() async throws {
        try await HostileServer.run(Self.hundred) { server in
            let client = try TributaryClient(
                url: server.url, configuration: configuration.with { $0.stallLimit = .seconds(3600) }
            )
            let stalled = client.events(MessageNew.self)
            let run = client.start()
            // The fourth fills the buffer, the fifth waits; how long this one waits decides nothing.
            while client.cursor != 4 { await Task.yield() }
            try await Task.sleep(for: .milliseconds(.random(in: 0...20)))
            client.close()
            try await run.value
            // The fifth was not taken, so it comes again.
            #expect(client.cursor == 4)
            var waiting = 0
            for try await _ in stalled { waiting += 1 }
            #expect(waiting == 4)
        }
    }

    @Test func `a sequence throws what ends the run, and ends where it ends well`() async throws {
        try await HostileServer.run {
            try await $0.answer("403 Forbidden")
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: configuration)
            let events = client.allEvents
            let run = client.start()
            await #expect(throws: TributaryClientError.self) { for try await _ in events {} }
            await #expect(throws: TributaryClientError.self) { try await run.value }
        }
        try await HostileServer.run {
            try await $0.answer("204 No Content")
        } _: { server in
            let client = try TributaryClient(url: server.url, configuration: configuration)
            let events = client.allEvents
            client.start()
            for try await _ in events {}
            #expect(client.status == .closed(reason: .noContent))
        }
    }

    @Test func `a second loop over the same sequence goes on where the first left off`() async throws {
        try await HostileServer.run(Self.hundred) { server in
            let client = try TributaryClient(url: server.url, configuration: configuration)
            let events = client.events(MessageNew.self)
            let ids = try await client.running {
                var ids: [UInt64?] = []
                for _ in 1...10 {
                    for try await event in events {
                        ids.append(event.id?.rawValue)
                        break
                    }
                }
                return ids
            }
            #expect(ids == (1...10).map { $0 })
        }
    }

    @Test func `statuses begin with the present one`() async throws {
        try await HostileServer.run(Self.hundred) { server in
            let client = try TributaryClient(url: server.url, configuration: configuration)
            let statuses = client.statuses
            _ = try await client.collect()
            var seen: [ConnectionStatus] = []
            for await status in statuses {
                seen.append(status)
                if seen.count > 1, status == .disconnected { break }
            }
            #expect(seen == [.disconnected, .connecting, .connected, .disconnected])
        }
    }
}
