import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// A relay that does what the test says, on an embedded event loop.
final class ScriptedRelay: Relay, @unchecked Sendable {
    let loop: EmbeddedEventLoop
    var eventLoop: any EventLoop { loop }
    let kind = "scripted"
    var session = "n1-1"
    var receiver: (any RelayReceiver)?
    var subscribed: [Topic] = []
    var unsubscribed: [Topic] = []
    var told: [(message: ByteBuffer, node: String?)] = []
    /// Confirmations that the test gives by hand; otherwise they come at once.
    var holdsConfirmations = false
    var held: [EventLoopPromise<Void>] = []
    var status = RelayStatus(isConnected: true)

    init(loop: EmbeddedEventLoop) { self.loop = loop }

    func attach(_ receiver: any RelayReceiver) { self.receiver = receiver }
    func run() async throws {}

    func subscribe(to topics: [Topic]) -> EventLoopFuture<Void> {
        subscribed += topics
        let promise = loop.makePromise(of: Void.self)
        if holdsConfirmations { held.append(promise) } else { promise.succeed() }
        return promise.futureResult
    }

    func unsubscribe(from topics: [Topic]) { unsubscribed += topics }

    func publish(_ payload: ByteBuffer, to topic: Topic) async throws {}

    func tell(_ message: ByteBuffer, node: String?) -> EventLoopFuture<Void> {
        told.append((message, node))
        return loop.makeSucceededVoidFuture()
    }
}

/// One shard and its intake, without sockets, threads or a clock of its own.
final class Node {
    let loop = EmbeddedEventLoop()
    let relay: ScriptedRelay
    let log: MemoryEventLog
    /// How the node reaches the log.
    let access: ScriptedLog
    let intake: Intake
    let shard: Shard
    let registrar: Registrar
    let coordination: ScriptedCoordination
    /// What the coordination and the shard take for the time, in microseconds.
    private let clock: NIOLockedValueBox<UInt64>
    let catalog: Catalog
    let rejections: RejectionCounter

    /// What the log has published and the relay has not brought yet.
    let published: NIOLockedValueBox<[(ByteBuffer, Topic)]>

    private static let catalogJSON = """
        {"version": 1, "channels": [
            {"name": "chat", "durable": true, "events": [
                {"name": "message.new", "durable": true, "replay": "message.replay"},
                {"name": "typing.start", "durable": false, "conflate": "userId", "conflate_group": "typing"},
                {"name": "typing.stop", "durable": false, "conflate": "userId", "conflate_group": "typing"},
                {"name": "typing.*", "durable": false},
                {"name": "build.status", "durable": false, "conflate": "build.id"}]},
            {"name": "jobs", "aliases": ["job"], "durable": true, "events": []},
            {"name": "presence", "durable": false, "events": [
                {"name": "presence.snapshot", "conflate": "projectId", "conflate_group": "presence",
                 "replaces_group": true},
                {"name": "presence.changed", "conflate": "userId", "conflate_group": "presence"}]}
        ]}
        """

    init(_ configure: (inout HubConfiguration) -> Void = { _ in }) throws {
        catalog = try Catalog(json: Data(Self.catalogJSON.utf8))
        var configuration = HubConfiguration(node: "n1", version: "test")
        configure(&configuration)
        relay = ScriptedRelay(loop: loop)
        rejections = RejectionCounter(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let published = NIOLockedValueBox<[(ByteBuffer, Topic)]>([])
        log = MemoryEventLog(catalog: catalog, eventLoop: loop) { payload, topic in
            published.withLockedValue { $0.append((payload, topic)) }
        }
        self.published = published
        access = ScriptedLog(log, loop: loop)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let frames = HubFrames(node: "n1", catalog: catalog, retryMilliseconds: 3_000)
        let clock = NIOLockedValueBox<UInt64>(1_700_000_000_000_000)
        let memory = MemoryCoordination(eventLoop: loop, clock: { clock.withLockedValue { $0 } }) { payload, topic in
            published.withLockedValue { $0.append((payload, topic)) }
        }
        let coordination = ScriptedCoordination(memory, loop: loop)
        self.clock = clock
        self.coordination = coordination
        intake = Intake(
            relay: relay, log: access, catalog: catalog, configuration: configuration, frames: frames,
            rejections: rejections, logger: logger, members: { coordination.members(of: $0) }
        )
        registrar = Registrar(
            coordination: coordination, relay: relay, configuration: configuration, catalog: catalog, eventLoop: loop,
            logger: logger
        )
        shard = Shard(
            index: 0, eventLoop: loop, configuration: configuration, frames: frames, log: access, catalog: catalog,
            intake: intake, registrar: registrar,
            clock: { Instant(milliseconds: clock.withLockedValue { $0 } / 1_000) }
        )
        registrar.shards = [shard]
        intake.heard = { [registrar] in registrar.heard($0) }
        intake.shards = [shard]
        relay.attach(intake)
    }

    func channels(_ names: [String]) throws -> ChannelSet {
        try names.reduce(into: []) { $0.insert(ChannelSet(index: try #require(catalog.index(of: $1)))) }
    }

    func open(
        _ names: String..., user: String = "u1", project: String = "p1", heartbeat: Int = 25_000,
        heartbeatIsEvent: Bool = false, cursor: StreamCursor = .live, lease: StreamLease = StreamLease(),
        sink: RecordingSink = RecordingSink()
    ) throws -> (session: StreamSession, sink: RecordingSink) {
        var request = StreamRequest(
            user: try UserID(user), project: try ProjectID(project),
            channels: try channels(names),
            heartbeatMilliseconds: heartbeat, heartbeatIsEvent: heartbeatIsEvent, cursor: cursor
        )
        request.lease = lease
        return (shard.open(request, sink: sink), sink)
    }

    func receive(_ topic: String, _ payload: String) throws {
        let parts = topic.split(separator: ":", maxSplits: 1)
        let parsed = Topic(channel: try Channel(parts[0]), project: parts.count == 2 ? try ProjectID(parts[1]) : nil)
        var payload = payload
        payload.withUTF8 { intake.relayReceived(UnsafeRawBufferPointer($0), on: parsed) }
    }

    /// One relay batch: topics and payloads.
    func batch(_ messages: (String, String)...) throws {
        for (topic, payload) in messages { try receive(topic, payload) }
        intake.relayFinishedBatch()
    }

    /// Publishes through the log; the relay brings it with ``bring(_:)``.
    @discardableResult
    func publish(_ channel: String, _ name: String, id: UInt64? = nil, to user: String? = nil) throws -> UInt64? {
        let event = Event(
            channel: try Channel(channel), project: try ProjectID("p1"), name: try EventName(name),
            data: ByteBuffer(string: "\"\(name)\""), id: id.flatMap { EventID($0) },
            recipient: try user.map { try UserID($0) }
        )
        return try log.place(event).id
    }

    /// The relay brings what was published, in one batch; `arrange` may lose, repeat or reorder it.
    func bring(_ arrange: ([(ByteBuffer, Topic)]) -> [(ByteBuffer, Topic)] = { $0 }) {
        let messages = published.withLockedValue { published in
            defer { published = [] }
            return published
        }
        for (payload, topic) in arrange(messages) {
            payload.withUnsafeReadableBytes { intake.relayReceived($0, on: topic) }
        }
        intake.relayFinishedBatch()
    }

    /// Begins to say again and again what the node has.
    func start() {
        let figures: EventLoopFuture<ByteBuffer> = loop.makeSucceededFuture(ByteBuffer())
        registrar.start { figures }
    }

    func advance(milliseconds: Int) {
        clock.withLockedValue { $0 += UInt64(milliseconds) * 1_000 }
        loop.advanceTime(by: .milliseconds(Int64(milliseconds)))
    }

    /// The clock goes on, and the event loop does not notice.
    func lag(milliseconds: Int) {
        clock.withLockedValue { $0 += UInt64(milliseconds) * 1_000 }
    }

    /// A moment from now.
    func moment(in milliseconds: Int) -> Instant {
        Instant(milliseconds: UInt64(Int(clock.withLockedValue { $0 } / 1_000) + milliseconds))
    }

    func delivered(_ channel: String) throws -> UInt64 {
        let figures = shard.figures(project: nil)
        let index = try #require(catalog.index(of: channel))
        return figures.counters.delivered[index].frames
    }
}
