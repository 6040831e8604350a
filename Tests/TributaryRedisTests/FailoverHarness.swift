import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryRedis

/// A hub over a Redis that fails, and what it acknowledged to publishers who try again.
struct FailoverHarness: Sendable {
    let hub: Hub
    let configuration: RedisConfiguration
    /// By the publishers' own keys, the id of what was acknowledged.
    let acknowledged = NIOLockedValueBox<[String: UInt64]>([:])
    private let loop: any EventLoop

    static func withHub(
        _ url: String, commandTimeout: Int = 5_000, _ body: (FailoverHarness) async throws -> Void
    ) async throws {
        var redis = try RedisConfiguration(url: url)
        redis.commandTimeoutMilliseconds = commandTimeout
        redis.connectTimeoutMilliseconds = commandTimeout
        redis.handshakeTimeoutMilliseconds = commandTimeout
        let catalog = try Catalog.bundled()
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let lines = NIOLockedValueBox<[String]>([])
        let logger = Logger(label: "hub") { _ in LinesHandler(lines: lines) }
        var relay = RedisRelay.Configuration(redis: redis, node: "a")
        relay.probeIntervalMilliseconds = 500
        relay.probeTimeoutMilliseconds = 1_000
        relay.maximumEnvelopeBytes = Envelope.maximumBytes + Envelope.maximumPlacementBytes
        var log = RedisEventLog.Configuration(redis: redis)
        log.probeIntervalMilliseconds = 500
        let hub = Hub(
            configuration: HubConfiguration(node: "a", version: "test"), catalog: catalog,
            relay: redis.isCluster
                ? try RedisClusterRelay(relay, logger: logger) : try RedisRelay(relay, logger: logger),
            log: try RedisEventLog(log, catalog: catalog, logger: logger),
            coordination: try RedisCoordination(.init(redis: redis), logger: logger),
            eventLoops: [loop], logger: logger)
        let harness = FailoverHarness(hub: hub, configuration: redis, loop: loop)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await hub.run() }
            do {
                try await harness.awaitReady()
                try await body(harness)
            } catch {
                Issue.record("the hub's lines: \(lines.withLockedValue { $0.suffix(40) })")
                throw error
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private init(hub: Hub, configuration: RedisConfiguration, loop: any EventLoop) {
        self.hub = hub
        self.configuration = configuration
        self.loop = loop
    }

    func awaitReady() async throws {
        try await eventually("relay and log") { hub.relay.status.isConnected && hub.log.status.isAvailable }
    }

    /// Opens a stream of `chat`.
    func open(_ project: String, cursor: StreamCursor = .live) async throws -> OpenStream {
        let channels = ChannelSet(index: try #require(hub.catalog.index(of: "chat")))
        let request = StreamRequest(
            user: try UserID("u"), project: try ProjectID(project), channels: channels,
            heartbeatMilliseconds: 60_000, heartbeatIsEvent: false, cursor: cursor)
        let stream = try await loop.submit { [hub, loop] in
            let sink = RecordingSink()
            _ = hub.open(request, sink: sink, on: loop)
            return OpenStream(sink: NIOLoopBound(sink, eventLoop: loop), loop: loop)
        }.get()
        try await eventually("the stream of \(project) is open") {
            try await stream.events().contains { $0.event == "connected" }
        }
        return stream
    }

    /// Publishes to `project`, one event after the other with a key of its own, each until it is acknowledged, until the
    /// task is cancelled.
    ///
    /// - Parameter publish: returns the id.
    func publishUntilCancelled(
        to project: String, _ publish: (Event) async throws -> UInt64
    ) async throws {
        var number = 0
        while !Task.isCancelled {
            number += 1
            // So many that a log of 10,000 has all of them.
            try? await Task.sleep(for: .milliseconds(2))
            let key = "\(project)-\(number)"
            let event = Event(
                channel: .chat, project: try ProjectID(project), name: try EventName("message.new"),
                data: ByteBuffer(string: "\"\(key)\""), clientMessageID: key)
            while !Task.isCancelled {
                if let id = try? await publish(event) {
                    acknowledged.withLockedValue { $0[key] = id }
                    break
                }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// The ids in the log of `project`, page by page.
    func keptIDs(_ project: String) async throws -> Set<UInt64> {
        var ids: Set<UInt64> = []
        var cursor = LogCursor.id(0)
        while true {
            let page = try await hub.log.read([.chat], of: ProjectID(project), after: cursor, limit: 1_000).get()
            ids.formUnion(page.entries.map(\.id.rawValue))
            if page.isLast { return ids }
            cursor = .position(page.end)
        }
    }

    /// As services do that use the function library.
    func publishThroughTransport(to project: String) async throws {
        let transport = try RedisPublishTransport(configuration)
        try await publishUntilCancelled(to: project) { event in
            struct NoID: Error {}
            guard let id = try await transport.publish(event).id else { throw NoID() }
            return id
        }
        await transport.shutdown()
    }

    /// Whether the log has everything of `project` that was acknowledged.
    func expectKept(_ project: String, location: SourceLocation = #_sourceLocation) async throws {
        let missing = acknowledgedIDs(project).subtracting(try await keptIDs(project))
        #expect(missing.isEmpty, sourceLocation: location)
    }

    func acknowledgedIDs(_ project: String) -> Set<UInt64> {
        acknowledged.withLockedValue { all in Set(all.filter { $0.key.hasPrefix(project + "-") }.map(\.value)) }
    }

    func acknowledgedCount(_ project: String) -> Int {
        acknowledged.withLockedValue { all in all.keys.count { $0.hasPrefix(project + "-") } }
    }

    /// Whether the stream has everything of `project` that was acknowledged, and nothing twice.
    func expectComplete(_ project: String, _ stream: OpenStream, location: SourceLocation = #_sourceLocation)
        async throws
    {
        let expected = acknowledgedIDs(project)
        do {
            try await eventually("a stream of \(project) has all of \(expected.count)") {
                expected.isSubset(of: try await stream.ids())
            }
        } catch {
            let missing = expected.subtracting(try await stream.ids()).sorted()
            let names = try await stream.events().filter { $0.id == nil }.map { "\($0.event) \($0.data)" }
            Issue.record("missing \(missing.count): \(missing.prefix(5)); \(names.suffix(8))", sourceLocation: location)
            throw error
        }
        let ids = try await stream.ids()
        #expect(ids.count == Set(ids).count, sourceLocation: location)
    }
}

/// A stream of the hub's that takes everything.
struct OpenStream: Sendable {
    let sink: NIOLoopBound<RecordingSink>
    let loop: any EventLoop

    func events() async throws -> [ServerSentEvent] {
        try await loop.submit { try sink.value.events() }.get()
    }

    func ids() async throws -> [UInt64] { try await events().compactMap { $0.id.flatMap { UInt64($0) } } }
}
