import Logging
import NIOCore
import NIOEmbedded
import TributaryCore
import TributaryProtocol

/// A hub without sockets, threads or a clock of its own: it does what it is told, and nothing else.
final class StillHub {
    struct Stream {
        let session: StreamSession
        let sink: Sink
    }

    private struct Deaf: Error {}

    private let loop = EmbeddedEventLoop()
    private let relay: StillRelay
    private let hub: Hub
    private let receiver: any RelayReceiver
    private let projects: [ProjectID]

    /// - Parameter projects: how many there may be streams of.
    init(projects count: Int = 1) throws {
        let catalog = try Catalog.bundled()
        relay = StillRelay(loop: loop)
        projects = try (1...count).map { try ProjectID("p\($0)") }
        hub = Hub(
            configuration: HubConfiguration(node: "n1", version: "1"), catalog: catalog, relay: relay,
            log: MemoryEventLog(catalog: catalog, eventLoop: loop, marksLapses: false) { _, _ in },
            coordination: MemoryCoordination(eventLoop: loop) { _, _ in }, eventLoops: [loop],
            logger: Logger(label: "workload") { _ in SwiftLogNoOpLogHandler() })
        guard let receiver = relay.receiver else { throw Deaf() }
        self.receiver = receiver
    }

    /// Opens streams of as many users, of one project after the other; what they asked for is there when this returns.
    @discardableResult
    func open(_ count: Int, channels: [String]) throws -> [Stream] {
        let streams = (0..<count).map { open(user: $0, channels: channels) }
        loop.run()
        guard streams.allSatisfy({ $0.sink.count > 0 }) else { throw Deaf() }
        return streams
    }

    func open(user number: Int, channels: [String]) -> Stream {
        let channels = channels.compactMap(hub.catalog.index(of:)).map { ChannelSet(index: $0) }
        let sink = Sink()
        guard let user = try? UserID("user\(number)") else { preconditionFailure("a user's name is well-formed") }
        let request = StreamRequest(
            user: user, project: projects[number % projects.count],
            channels: channels.reduce(into: []) { $0.formUnion($1) })
        return Stream(session: hub.open(request, sink: sink, on: loop), sink: sink)
    }

    /// So many events arrive together.
    func publish(_ channel: String, _ count: Int) {
        for _ in 0..<count { receive(channel) }
        finishBatch()
    }

    /// - Parameter project: by its place among all.
    func receive(_ channel: String, of project: Int = 0) {
        guard let topic = relay.topics[projects[project]]?[channel] else { return }
        Samples.envelope.withUnsafeReadableBytes { receiver.relayReceived($0, on: topic) }
    }

    func finishBatch() {
        receiver.relayFinishedBatch()
        loop.run()
    }
}

/// A socket that takes everything, or nothing.
final class Sink: StreamSink {
    var isStalled = false
    private(set) var pendingBytes = 0
    private(set) var count = 0

    func write(_ bytes: ByteBuffer) { pendingBytes += bytes.readableBytes }

    func flush() -> Bool {
        count += 1
        if !isStalled { pendingBytes = 0 }
        return !isStalled
    }

    func close() {}
}

/// A relay that confirms everything, and brings what it is told.
///
/// `@unchecked Sendable`: its loop is embedded, so one thread owns all of it.
private final class StillRelay: Relay, @unchecked Sendable {
    let loop: EmbeddedEventLoop
    var eventLoop: any EventLoop { loop }
    let kind = "still"
    let session = "n1"
    let status = RelayStatus(isConnected: true)
    private(set) var receiver: (any RelayReceiver)?
    /// By channel.
    private(set) var topics: [ProjectID: [String: Topic]] = [:]

    init(loop: EmbeddedEventLoop) { self.loop = loop }

    func attach(_ receiver: any RelayReceiver) { self.receiver = receiver }
    func run() async throws {}

    func subscribe(to topics: [Topic]) -> EventLoopFuture<Void> {
        for topic in topics {
            if let project = topic.project { self.topics[project, default: [:]][topic.channel.name] = topic }
        }
        return loop.makeSucceededVoidFuture()
    }

    func unsubscribe(from topics: [Topic]) {}
    func publish(_ payload: ByteBuffer, to topic: Topic) async throws {}
    func tell(_ message: ByteBuffer, node: String?) -> EventLoopFuture<Void> { loop.makeSucceededVoidFuture() }
}
