import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ServiceLifecycle
import TributaryCore
import TributaryProtocol

/// The relay over a Redis Cluster.
///
/// A project's channel is `<channel>:{<project>}`, sharded pub/sub in the slot of the project's keys: what hubs and the function
/// library publish goes there, and through the servers of one shard alone. `<channel>:<project>` is heard as well, for
/// services that know `PUBLISH`; it travels through every server, as a broadcast (`<channel>`) and what nodes tell each other do.
/// A publisher uses one name or the other: whoever uses both publishes twice.
///
/// It has one subscriber connection for the plain names, to any master, and one to each master that has slots of wanted
/// projects. A lost one is made again, at whichever master has the slots by then, while the others go on; when all are there
/// again the receiver hears of the hole, with `relayDisconnected` and `relayReconnected`. A slot that is moved ends its
/// master's subscriptions, and counts as such a loss. A master that hangs is left within a round of the probe. Should it wake up
/// before, when a replica has its place already, it may still take and publish what was sent to it meanwhile: an event that
/// the log then does not have, and nobody got an answer for. What the relay publishes is kept in order for each project.
///
/// `@unchecked Sendable`: everything that changes and is not in a box lives on ``eventLoop``.
public final class RedisClusterRelay: Relay, @unchecked Sendable {
    public let eventLoop: any EventLoop
    public let kind = "redis"

    let configuration: RedisRelay.Configuration
    let control: ControlName
    let logger: Logger
    /// For everything but subscriptions.
    let router: ClusterRouter
    let topics = TopicTable()
    private let receiver = NIOLockedValueBox<(any RelayReceiver)?>(nil)
    private let statusBox = NIOLockedValueBox(RelayStatus(isConnected: false, lastError: "not started"))
    private let sessionBox: NIOLockedValueBox<String>
    private let finished: EventLoopPromise<Void>

    var wanted: Set<Topic> = []
    var plan: ShardPlan
    var bus: ClusterSubscriber?
    var shards: [RedisHost: ClusterSubscriber] = [:]
    /// Ended names of sessions, whose listeners are known by the new name now.
    var formerSessions: [String] = []
    /// Those that were former ones a round of the probe ago.
    var oldSessions: Set<String> = []
    /// Where the probe's tokens go.
    var probeName = ""
    var probe = RelayProbe()
    var failures = FailureLog()
    var refusals = FailureLog()
    var backoff = ReconnectBackoff()
    var generator = SystemRandomNumberGenerator()
    /// Subscriber connections that were tried for the plain names.
    var attempts = 0
    var sessions: UInt64 = 0
    var isReady = false
    /// Messages of a wanted topic may have been missed since the receiver last heard that all is well.
    var hasMissed = false
    /// The receiver knows that the relay is gone.
    var hasToldLoss = false
    var hasConnected = false
    var isRunning = false
    var isStopped = false
    var readyAt: NIODeadline?
    var retryTimer: Scheduled<Void>?
    var probeTimer: Scheduled<Void>?

    /// - Parameters:
    ///   - configuration: its ``RedisRelay/Configuration/redis`` is a cluster's.
    ///   - eventLoop: where the relay lives; a loop without streams keeps the hot path apart from them.
    /// - Throws: ``RedisConfigurationError`` for TLS files that cannot be used, and for what is no cluster. Nothing connects
    ///   before ``run()``.
    public init(
        _ configuration: RedisRelay.Configuration,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any(),
        logger: Logger = Logger(label: "tributary.redis")
    ) throws(RedisConfigurationError) {
        guard case .cluster(let seeds) = configuration.redis.address else {
            throw .invalidURL("a cluster's begins with redis+cluster://")
        }
        _ = try RedisConnector(configuration.redis)
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        // Braces would name another slot.
        let node = String(configuration.node.map { "{}".contains($0) ? "-" : $0 })
        control = ControlName(prefix: configuration.prefix, node: node)
        sessionBox = NIOLockedValueBox(control.session(0))
        router = ClusterRouter(configuration.redis, seeds: seeds, on: eventLoop)
        plan = ShardPlan(prefix: configuration.prefix)
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

    /// Publishes to the project's shard, or to all servers if the topic is a broadcast.
    public func publish(_ payload: ByteBuffer, to topic: Topic) async throws {
        let name = RedisArgument.string(topic.shardName(prefix: configuration.prefix))
        let command = RedisCommand(topic.project == nil ? "PUBLISH" : "SPUBLISH", name, .bytes(payload))
        try await eventLoop.flatSubmit { self.send(command) }.get()
    }

    public func tell(_ message: ByteBuffer, node: String?) -> EventLoopFuture<Void> {
        guard message.readableBytes <= RedisRelay.maximumMessageBytes else {
            return eventLoop.makeFailedFuture(RelayError.refused("a message of \(message.readableBytes) bytes"))
        }
        let command = RedisCommand("PUBLISH", .string(control.inbox(of: node)), .bytes(message))
        return eventLoop.inEventLoop ? send(command) : eventLoop.flatSubmit { self.send(command) }
    }

    private func send(_ command: RedisCommand) -> EventLoopFuture<Void> {
        guard isRunning else { return eventLoop.makeFailedFuture(RelayError.unavailable("not running")) }
        return router.send([command])[0].map { _ in }.flatMapErrorThrowing { error in
            throw (error as? RedisError).map(RedisRelay.relayError) ?? error
        }
    }

    /// `<prefix or tributary>:control:<node>:<random>-<n>`: while the relay listens to a project, it listens to
    /// `<session>:{<project>}` too. From any thread.
    public var session: String { sessionBox.withLockedValue { $0 } }

    /// Names the subscriptions anew: some of those before are lost.
    func beginSession() {
        if sessions > 0 { formerSessions.append(session) }
        sessions += 1
        let name = control.session(sessions)
        sessionBox.withLockedValue { $0 = name }
    }

    /// A moment's view; from any thread.
    public var status: RelayStatus { statusBox.withLockedValue { $0 } }

    func updateStatus(_ change: (inout RelayStatus) -> Void) {
        statusBox.withLockedValue(change)
    }

    var attached: (any RelayReceiver)? {
        receiver.withLockedValue { $0 }
    }

    func finish() {
        finished.succeed()
    }
}
