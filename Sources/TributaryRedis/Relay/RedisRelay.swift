import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ServiceLifecycle
import TributaryCore
import TributaryProtocol

/// The relay over Redis pub/sub: one subscriber connection, and one for `PUBLISH`.
///
/// It is connected while both are up, every wanted topic is confirmed, and a probe has travelled from one to the other.
/// A lost command connection is made again without touching the subscriber: nothing is lost with it but the possibility
/// to publish. `relayDisconnected` and `relayReconnected` speak of the subscriber. The first connection is no reconnection,
/// unless topics were subscribed before it: whoever asked for them was told that they are not confirmed, and now
/// hears with `relayReconnected` that they are, and that something may have been missed.
///
/// A topic that Redis refuses (`NOPERM`) fails its caller with ``RelayError/refused(_:)``, and is asked for again with
/// every probe while it is wanted.
///
/// What nodes tell each other travels the same way, on channels that every subscriber connection has beside its topics.
///
/// `@unchecked Sendable`: everything that changes and is not in a box lives on ``eventLoop``.
public final class RedisRelay: Relay, @unchecked Sendable {
    /// What a relay can be told beside where Redis is.
    public struct Configuration: Sendable {
        public var redis: RedisConfiguration
        /// The node's name; each of its subscriber connections listens to a channel `<prefix>:control:<node>:<session>`.
        public var node: String
        /// In front of every channel in Redis; `nil` for none (then the control channels are `tributary:control:<node>:…`).
        public var prefix: String?
        /// How often the connections are probed. 10 s: with the timeout, a dead pub/sub is found within 15 s.
        public var probeIntervalMilliseconds = 10_000
        /// How long a probe may travel. 5 s: the longest pause of a busy Redis that is no failure yet.
        public var probeTimeoutMilliseconds = 5_000
        /// A larger payload is rejected as too large, and dropped as it arrives, without being kept.
        public var maximumEnvelopeBytes = Envelope.maximumBytes

        public init(redis: RedisConfiguration, node: String, prefix: String? = nil) {
            self.redis = redis
            self.node = node
            self.prefix = prefix
        }
    }

    /// What nodes tell each other is dropped above it: 1 MiB.
    static let maximumMessageBytes = 1 << 20

    public let eventLoop: any EventLoop
    public let kind = "redis"

    let configuration: Configuration
    /// What the names of this relay's sessions begin with; no topic may.
    let control: ControlName
    let connector: RedisConnector
    let logger: Logger
    let topics = TopicTable()
    private let receiver = NIOLockedValueBox<(any RelayReceiver)?>(nil)
    private let statusBox = NIOLockedValueBox(RelayStatus(isConnected: false, lastError: "not started"))
    private let sessionBox: NIOLockedValueBox<String>
    private let finished: EventLoopPromise<Void>

    var link = RelayLink()
    var ledger = SubscriptionLedger<Topic>()
    var probe = RelayProbe()
    var failures = FailureLog()
    var refusals = FailureLog()
    var commands: RedisConnection?
    var subscriber: RedisSubscriberHandler?
    /// Callers of `subscribe` by their number in the ledger.
    var waiters: [SubscriptionLedger<Topic>.Waiter: EventLoopPromise<Void>] = [:]
    var isFlushScheduled = false
    /// Subscriber connections that were tried.
    var sessions: UInt64 = 0
    /// How many of the node's own channels are not confirmed on the present connection.
    var unconfirmed = 0
    /// Messages of a wanted topic may have been missed since the receiver last heard that all is well.
    var hasMissed = false
    var hasConnected = false
    var isStopped = false
    /// The backoff's delay.
    var retryTimer: Scheduled<Void>?
    /// The subscriber's next deadline: restoring, next probe, or the probe's return.
    var subscriberTimer: Scheduled<Void>?
    /// Sockets that are not yet a connection.
    var opening: [ObjectIdentifier: any NIOCore.Channel] = [:]

    /// - Parameters:
    ///   - eventLoop: where the relay lives; a loop without streams keeps the hot path apart from them.
    /// - Throws: ``RedisConfigurationError`` for TLS files that cannot be used. Nothing connects before ``run()``.
    public init(
        _ configuration: Configuration,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any(),
        logger: Logger = Logger(label: "tributary.redis")
    ) throws(RedisConfigurationError) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        control = ControlName(prefix: configuration.prefix, node: configuration.node)
        sessionBox = NIOLockedValueBox(control.session(0))
        connector = try RedisConnector(configuration.redis)
        finished = eventLoop.makePromise()
    }

    deinit {
        // Of a relay that never ran; a promise must not be forgotten.
        finished.succeed()
    }

    public func attach(_ receiver: any RelayReceiver) {
        self.receiver.withLockedValue { $0 = receiver }
    }

    /// Connects, and stays connected, until the task is cancelled or the service group shuts down. Call it once.
    public func run() async throws {
        await eventLoop.runService(
            until: finished.futureResult, start: { self.start() }, stop: { self.stop() }
        )
    }

    public func publish(_ payload: ByteBuffer, to topic: Topic) async throws {
        let name = topic.name(prefix: configuration.prefix)
        let command = RedisCommand("PUBLISH", .string(name), .bytes(payload))
        do {
            _ = try await eventLoop.flatSubmit { self.send(command) }.get()
        } catch let error as RedisError {
            throw Self.relayError(error)
        }
    }

    /// Publishes to `<prefix or tributary>:nodes:<node>`, or to `<prefix or tributary>:nodes`.
    public func tell(_ message: ByteBuffer, node: String?) -> EventLoopFuture<Void> {
        guard message.readableBytes <= Self.maximumMessageBytes else {
            return eventLoop.makeFailedFuture(RelayError.refused("a message of \(message.readableBytes) bytes"))
        }
        let command = RedisCommand("PUBLISH", .string(control.inbox(of: node)), .bytes(message))
        let answer = eventLoop.inEventLoop ? send(command) : eventLoop.flatSubmit { self.send(command) }
        return answer.map { _ in }.flatMapErrorThrowing { error in
            throw (error as? RedisError).map(Self.relayError) ?? error
        }
    }

    /// Sends a command, on the event loop.
    private func send(_ command: RedisCommand) -> EventLoopFuture<RESPValue> {
        guard let commands else {
            return eventLoop.makeFailedFuture(RelayError.unavailable(status.lastError ?? "no connection"))
        }
        return commands.send(command)
    }

    /// `<prefix or tributary>:control:<node>:<random>-<n>`, the channel that the present subscriber connection (or the
    /// next one) listens to beside its topics. From any thread.
    public var session: String { sessionBox.withLockedValue { $0 } }

    /// Names the next subscriber connection.
    func beginSession() -> String {
        sessions += 1
        let name = control.session(sessions)
        sessionBox.withLockedValue { $0 = name }
        return name
    }

    /// A moment's view; from any thread.
    public var status: RelayStatus {
        statusBox.withLockedValue { $0 }
    }

    func updateStatus(_ change: (inout RelayStatus) -> Void) {
        statusBox.withLockedValue(change)
    }

    /// Who hears the relay; one that drops everything if nobody was attached.
    var attached: (any RelayReceiver)? {
        receiver.withLockedValue { $0 }
    }

    func finish() {
        finished.succeed()
    }

    static func relayError(_ error: RedisError) -> RelayError {
        if case .server(_, let message) = error, !error.isTemporary {
            .refused(message)
        } else {
            .unavailable("\(error)")
        }
    }
}
