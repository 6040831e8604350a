import NIOCore
import NIOConcurrencyHelpers
import ServiceLifecycle
import TributaryProtocol

/// A relay inside one process: `tributary serve` without Redis, and the tests' double.
///
/// What is published within one turn of the event loop is handed over as one batch, as one read of a socket would be; behind a batch
/// that took its time the next one waits for others to join it, 2 ms at most.
/// `@unchecked Sendable`: `receiver`, `topics` and `pause` are touched on `eventLoop` alone, `inbox` is behind its lock.
public final class MemoryRelay: ImmediateRelay, @unchecked Sendable {
    public let eventLoop: any EventLoop
    public let kind = "memory"
    public let session = "memory"

    private let node: String?
    private weak var receiver: (any RelayReceiver)?
    private var topics: Set<Topic> = []
    private var pause = DeliveryPause()

    private struct Inbox {
        var messages: [(topic: Topic, payload: ByteBuffer)] = []
        /// Of the messages, and of those that room is kept for.
        var bytes = 0
        var subscriptions = 0
        var isRunning = false
    }

    private let inbox = NIOLockedValueBox(Inbox())

    /// 64 MiB: publishers that outrun the hub get an error rather than its memory.
    private static let inboxLimit = 64 << 20

    /// 1 MiB: as through Redis.
    private static let maximumMessageBytes = 1 << 20

    /// - Parameter node: the node's name, for messages to it alone.
    public init(eventLoop: any EventLoop, node: String? = nil) {
        self.eventLoop = eventLoop
        self.node = node
    }

    public func attach(_ receiver: any RelayReceiver) {
        // Before anything else is called, as the port demands, so there is no race to lose.
        self.receiver = receiver
    }

    public func run() async throws {
        inbox.withLockedValue { $0.isRunning = true }
        defer { inbox.withLockedValue { $0.isRunning = false } }
        try? await gracefulShutdown()
    }

    public func subscribe(to topics: [Topic]) -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        self.topics.formUnion(topics)
        noteSubscriptions()
        return eventLoop.makeSucceededVoidFuture()
    }

    public func unsubscribe(from topics: [Topic]) {
        eventLoop.assertInEventLoop()
        self.topics.subtract(topics)
        noteSubscriptions()
    }

    public func publish(_ payload: ByteBuffer, to topic: Topic) async throws {
        try send(payload, to: topic)
    }

    /// Publishes without waiting for anything. From any thread.
    ///
    /// - Throws: ``RelayError/unavailable(_:)`` if the hub is too far behind; then nothing was published.
    public func send(_ payload: ByteBuffer, to topic: Topic) throws {
        try reserve(payload.readableBytes)
        sendReserved(payload, to: topic)
    }

    /// Keeps room for what is to be sent as soon as something else has been done. From any thread.
    ///
    /// - Throws: ``RelayError/unavailable(_:)`` if there is none.
    package func reserve(_ bytes: Int) throws {
        try inbox.withLockedValue { inbox in
            guard inbox.bytes + bytes <= Self.inboxLimit else {
                throw RelayError.unavailable("the hub is behind its publishers")
            }
            inbox.bytes += bytes
        }
    }

    /// Gives back room that ``reserve(_:)`` kept.
    package func release(_ bytes: Int) {
        inbox.withLockedValue { $0.bytes -= bytes }
    }

    /// Publishes into the room that ``reserve(_:)`` kept for this payload. From any thread.
    package func sendReserved(_ payload: ByteBuffer, to topic: Topic) {
        let isFirst = inbox.withLockedValue { inbox in
            inbox.messages.append((topic, payload))
            return inbox.messages.count == 1
        }
        if isFirst { eventLoop.execute { self.deliverInTurn() } }
    }

    public func tell(_ message: ByteBuffer, node: String?) -> EventLoopFuture<Void> {
        guard inbox.withLockedValue({ $0.isRunning }) else {
            return eventLoop.makeFailedFuture(RelayError.unavailable("not running"))
        }
        guard message.readableBytes <= Self.maximumMessageBytes else {
            return eventLoop.makeFailedFuture(RelayError.refused("a message of \(message.readableBytes) bytes"))
        }
        // There is no other node.
        if node == nil || node == self.node {
            eventLoop.execute { self.receiver?.relayHeard(message) }
        }
        return eventLoop.makeSucceededVoidFuture()
    }

    public var status: RelayStatus {
        inbox.withLockedValue { RelayStatus(isConnected: $0.isRunning, subscriptions: $0.subscriptions) }
    }

    private func deliverInTurn() {
        guard let end = pause.end(at: eventLoop.now) else { return deliver() }
        eventLoop.scheduleTask(deadline: end) { self.deliver() }
    }

    private func deliver() {
        let messages = inbox.withLockedValue { inbox in
            defer { inbox.messages = [] }
            inbox.bytes -= inbox.messages.reduce(0) { $0 + $1.payload.readableBytes }
            return inbox.messages
        }
        guard let receiver else { return }
        let began = eventLoop.now
        for (topic, payload) in messages where topics.contains(topic) {
            payload.withUnsafeReadableBytes { receiver.relayReceived($0, on: topic) }
        }
        receiver.relayFinishedBatch()
        pause.delivered(from: began, to: eventLoop.now)
    }

    private func noteSubscriptions() {
        let count = topics.count
        inbox.withLockedValue { $0.subscriptions = count }
    }
}
