import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

@Suite struct RedisEventLogTests {
    private func refused(_ error: any Error) -> Bool {
        if case .refused? = error as? EventLogError { true } else { false }
    }

    @Test func `a thousand publishers in parallel leave one chain, live as in the log`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                try await RelayHarness.withRelay(server.url) { harness in
                    let channels: [TributaryProtocol.Channel] = try [.chat, .jobs, .init("advisor")]
                    let (project, publishers) = (log.project, 1_000)
                    for channel in channels { try await harness.subscribe(Topic(channel: channel, project: project)) }
                    let connections = try await Connections(server.url, count: 10)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for publisher in 0..<publishers {
                            group.addTask {
                                for event in 0..<3 {
                                    let channel = channels[(publisher + event) % 3]
                                    _ = try await connections[publisher].send(
                                        "FCALL", "tributary_publish", "1", "{p1}", .string(channel.name),
                                        channel.name == "advisor" ? "message.said" : "job.started", "\(publisher)")
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                    await connections.close()
                    try await harness.recorder.wait(for: "all") { $0.messageCount >= 3 * publishers }
                    var (entries, cursor) = ([LogEntry](), LogCursor.id(0))
                    while true {
                        let page = try await log.read(channels, after: cursor, limit: 700)
                        entries += page.entries
                        if page.isLast { break }
                        cursor = .position(page.end)
                    }
                    let heard = harness.recorder.messages
                    #expect(heard.count == 3 * publishers)
                    #expect(entries.map { String(buffer: $0.envelope) } == heard)
                    try expectChain(entries)
                }
            }
        }
    }

    /// Ids rise; `prev` and `seen` are what stands before each event.
    private func expectChain(_ entries: [LogEntry]) throws {
        var last: [TributaryProtocol.Channel: (id: EventID, index: Int)] = [:]
        var highest: UInt64 = 0
        for (index, entry) in entries.enumerated() {
            let envelope = try entry.envelope.withUnsafeReadableBytes { bytes in try Envelope.scan(bytes) }
            let placement = try #require(envelope.placement)
            #expect(placement.id == entry.id && entry.id.rawValue > highest)
            #expect(placement.position == entry.position)
            #expect(placement.previous == last[entry.channel]?.id)
            let since = last[entry.channel]?.index ?? -1
            let seen = last.filter { $0.value.index > since }.map { ($0.key.name, $0.value.id) }
            #expect(placement.seen.sorted { $0.channel < $1.channel }.map(\.id) == seen.sorted { $0.0 < $1.0 }.map(\.1))
            last[entry.channel] = (entry.id, index)
            highest = entry.id.rawValue
        }
    }

    @Test func `events without end are trimmed when they are read, and what is gone is told`() async throws {
        let catalog = try Catalog.test([
            "brief": #""durable": true, "retention": {"age_seconds": 1}"#, "chat": #""durable": true"#,
        ])
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server, catalog: catalog) { log in
                let brief = catalog.channels[0]
                let old = try await log.publish(brief)
                try await log.publish(.chat)
                try await eventually("the old one is gone") { try await log.read([brief, .chat]).entries.count == 1 }
                let state = try await log.read([brief, .chat]).state
                #expect(state.channels[brief]?.floor?.high == old.id)
                #expect(state.channels[brief]?.last?.rawValue == old.id)
                #expect(state.channels[.chat]?.floor == nil)
                let new = try await log.publish(brief)
                let page = try await log.read([brief])
                #expect(page.entries.map(\.id.rawValue) == [new.id])
                #expect(page.state.channels[brief]?.floor?.high == old.id)
                #expect(page.state.epoch == state.epoch)
            }
        }
    }

    @Test func `a log that was evicted is told as trimmed, and one without its meta begins anew`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                for id in [1, 2, 4, 3, 5] as [UInt64] { try await log.publish(id: id) }
                try await log.publish(.jobs, id: 2_000)
                try await log.publish(.jobs, id: 1_000)
                let before = try await log.read().state
                try await server.cli("DEL", "tributary:{p1}:log:chat")
                let page = try await log.read()
                #expect(page.entries.map(\.id.rawValue) == [2_000, 1_000] && page.isLast)
                #expect(page.state.channels[.chat]?.floor == LogPosition(high: 5))
                try await log.publish(id: 3_000)
                let next = try await log.read()
                #expect(next.entries.map(\.id.rawValue) == [2_000, 1_000, 3_000])
                #expect(next.state.channels[.chat]?.floor == LogPosition(high: 5))
                #expect(try await server.cli("HKEYS", "tributary:{p1}:late") == "1000\n")
                try await server.cli("DEL", "tributary:{p1}:meta")
                #expect(try await log.read().state.epoch == 0)
                try await log.publish(id: 3)
                let after = try await log.read()
                #expect(after.entries.map(\.id.rawValue) == [3])
                #expect(after.state.epoch != before.epoch)
            }
        }
    }

    @Test func `late ids are forgotten with their events`() async throws {
        let catalog = try Catalog.test(["chat": #""durable": true, "retention": {"count": 10}"#])
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server, catalog: catalog) { log in
                // Each second one is late.
                for id in 1...100 as ClosedRange<UInt64> {
                    try await log.publish(id: id.isMultiple(of: 2) ? id - 1 : id + 1)
                }
                let page = try await log.read([.chat])
                #expect((10...26).contains(page.entries.count))
                let late = page.entries.filter { $0.position.late > 0 }.map { "\($0.id)" }
                let known = try await server.cli("HKEYS", "tributary:{p1}:late").split(separator: "\n").map(String.init)
                #expect(known.sorted() == late.sorted())
                #expect(!late.isEmpty)
            }
        }
    }

    @Test func `large envelopes come in smaller pages`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                let data = "\"" + String(repeating: "x", count: 900_000) + "\""
                for _ in 0..<12 { try await log.publish(data: data) }
                for _ in 0..<5 { try await log.publish(.jobs) }
                var (counts, ids, cursor) = ([Int](), [UInt64](), LogCursor.id(0))
                while true {
                    let page = try await log.read(after: cursor, limit: 200)
                    counts.append(page.entries.count)
                    ids += page.entries.map(\.id.rawValue)
                    if page.isLast { break }
                    try #require(!page.entries.isEmpty)
                    cursor = .position(page.end)
                }
                #expect(ids.count == 17 && ids == ids.sorted())
                #expect(counts.count > 3)
            }
        }
    }

    @Test func `hubs of several prefixes and catalogs share a Redis`() async throws {
        let other = try Catalog.test(["orders": #""durable": true"#])
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { plain in
                try await LogHarness.withLog(server, prefix: "blue", catalog: other) { blue in
                    let receipts = [try await plain.publish(), try await blue.publish(.init("orders"))]
                    #expect(receipts.allSatisfy { $0.id != nil })
                    await #expect(performing: { try await blue.publish() }, throws: refused)
                    #expect(try await server.cli("KEYS", "blue:*").split(separator: "\n").count == 2)
                }
            }
        }
    }

    @Test func `the newest catalog wins, and an older node says so once`() async throws {
        let old = try Catalog.test(revision: 1, ["chat": #""durable": true"#])
        let new = try Catalog.test(revision: 2, ["chat": #""durable": false"#])
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server, catalog: old) { first in
                #expect(try await first.publish().id != nil)
                try await LogHarness.withLog(server, catalog: new) { second in
                    #expect(try await second.publish().id == nil)
                    try await eventually("the older one has said so") {
                        first.lines.withLockedValue { $0.contains { $0.contains("newer catalog") } }
                    }
                    try await server.cli("FUNCTION", "FLUSH")
                    try await eventually("the newer one is back") {
                        try await server.cli("FCALL", "tributary_version", "0").contains("\n2\n")
                    }
                    #expect(second.lines.withLockedValue { !$0.contains { $0.contains("catalog") } })
                }
                #expect(first.lines.withLockedValue { $0.count { $0.contains("newer catalog") } } == 1)
            }
        }
    }

    @Test func `who listens for longer than its word lives says it again`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server, configure: { $0.renewalIntervalMilliseconds = 1 }) { log in
                _ = try await log.log.listen(to: [.chat], of: log.project, as: "me").get()
                let key = "tributary:{p1}:listeners"
                _ = try await server.cli("EXPIRE", key, "100")
                try await eventually("renewed") { (Int(try await server.cli("TTL", key).dropLast()) ?? 0) > 86_000 }
                // One that nobody is in is not made to stay.
                log.log.leave([.chat], of: log.project, as: "me")
                try await eventually("gone") { try await server.cli("EXISTS", key) == "0\n" }
            }
        }
    }
}

/// Several connections to one Redis, taken in turn.
private struct Connections: Sendable {
    private let all: [RedisConnection]

    init(_ url: String, count: Int) async throws {
        var all: [RedisConnection] = []
        for _ in 0..<count {
            all.append(
                try await RedisConnection.connect(
                    RedisConfiguration(url: url), on: MultiThreadedEventLoopGroup.singleton.any()))
        }
        self.all = all
    }

    subscript(index: Int) -> RedisConnection { all[index % all.count] }

    func close() async {
        for connection in all { await connection.close() }
    }
}
