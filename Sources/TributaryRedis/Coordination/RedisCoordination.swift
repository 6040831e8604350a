import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TributaryCore
import TributaryProtocol

/// What nodes share, in Redis: scripts over a few keys for each user, each project, and the nodes. Everything expires.
///
/// It has one connection. A call fails at once while there is none, and after
/// ``Configuration/commandTimeoutMilliseconds`` if Redis hangs.
///
/// `@unchecked Sendable`: everything that changes lives on ``eventLoop``.
public final class RedisCoordination: Coordination, @unchecked Sendable {
    /// Where Redis is, and how long what the nodes say in it is believed.
    public struct Configuration: Sendable {
        public var redis: RedisConfiguration
        /// In front of every key and channel in Redis; `nil` for none (then keys begin with `tributary:`).
        public var prefix: String?
        /// The same for all nodes on one Redis.
        public var times = CoordinationTimes()
        /// How long Redis may take to answer. 2 s: streams that open wait for it before they are let in without it.
        public var commandTimeoutMilliseconds = 2_000

        public init(redis: RedisConfiguration, prefix: String? = nil) {
            self.redis = redis
            self.prefix = prefix
        }
    }

    public let kind = "redis"
    public var times: CoordinationTimes { configuration.times }
    public let eventLoop: any EventLoop

    let configuration: Configuration
    let keys: CoordinationKeys
    private let logger: Logger
    private let connection: LogConnection
    private let finished: EventLoopPromise<Void>

    /// What Redis calls the scripts.
    private var digests: [CoordinationScript: String] = [:]
    private var window: CallWindow<(call: ScriptCall, promise: EventLoopPromise<RESPValue>)>
    private var isSending = false
    var refreshes = BulkCalls<ConnectionID>()
    var joins = BulkCalls<NodeMember>()
    var lists = SharedCalls<ProjectID, EventLoopPromise<[PresenceMember]>>()
    private var failures = FailureLog()
    private var isStopped = false

    /// - Parameter eventLoop: where it lives.
    /// - Throws: ``RedisConfigurationError`` for TLS files that cannot be used. Nothing connects before ``run()``.
    public init(
        _ configuration: Configuration,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any(),
        logger: Logger = Logger(label: "tributary.coordination")
    ) throws(RedisConfigurationError) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        keys = CoordinationKeys(prefix: configuration.prefix)
        var redis = configuration.redis
        redis.commandTimeoutMilliseconds = min(
            redis.commandTimeoutMilliseconds, configuration.commandTimeoutMilliseconds)
        window = CallWindow(maximumWaiting: redis.maximumPendingCommands)
        connection = LogConnection(try RedisConnector(redis), on: eventLoop)
        finished = eventLoop.makePromise()
    }

    deinit {
        // Of one that never ran; a promise must not be forgotten.
        finished.succeed()
    }

    /// Connects, and connects again, until the task is cancelled or the service group shuts down. Call it once.
    public func run() async throws {
        await eventLoop.runService(
            until: finished.futureResult, start: { self.start() }, stop: { self.stop() }
        )
    }

    private func start() {
        guard !isStopped else { return }
        connection.start { [weak self] result in
            guard let self else { return }
            switch result {
            case .success:
                failures.reset()
                loadScripts()
            case .failure(let error): failed(error)
            }
        }
    }

    private func stop() {
        guard !isStopped else { return }
        isStopped = true
        connection.stop().assumeIsolated().whenComplete { _ in self.finished.succeed() }
    }

    private func failed(_ error: RedisError) {
        guard !isStopped, failures.shouldLog("\(error)", now: RedisRelay.now) else { return }
        logger.warning(
            "the nodes cannot share their streams, limits hold per node; will keep trying",
            metadata: ["redis": "\(configuration.redis)", "error": "\(error)"])
    }

    // MARK: Scripts

    /// Ahead of all calls on a new connection. Whoever may not load scripts sends them each time.
    private func loadScripts() {
        let scripts = CoordinationScript.allCases
        let answers = connection.send(scripts.map { RedisCommand("SCRIPT", "LOAD", .string($0.text)) })
        for (script, answer) in zip(scripts, answers) {
            answer.assumeIsolated().whenSuccess { self.digests[script] = $0.string }
        }
    }

    /// Runs scripts in their order. On the event loop.
    ///
    /// The future fails with ``RedisError`` if one fails.
    func call(_ calls: [ScriptCall]) -> EventLoopFuture<[RESPValue]> {
        EventLoopFuture.whenAllSucceed(calls.map { call($0) }, on: eventLoop)
    }

    /// Runs a script after all before it. Everything goes through here. On the event loop.
    ///
    /// The future fails with ``RedisError``.
    func call(_ call: ScriptCall) -> EventLoopFuture<RESPValue> {
        let promise = eventLoop.makePromise(of: RESPValue.self)
        if window.add((call, promise), weight: call.weight) {
            sendWaiting()
        } else {
            promise.fail(RedisError.overloaded)
        }
        return promise.futureResult
    }

    private func sendWaiting() {
        // Without a connection each fails at once, and there may be thousands.
        guard !isSending else { return }
        isSending = true
        while let ((call, promise), weight) = window.next() {
            connection.send([call.command(digest: digests[call.script])])[0].assumeIsolated().whenComplete { result in
                if case .failure(RedisError.server("NOSCRIPT", _)) = result {
                    // Which Redis keeps again.
                    self.connection.send([call.command(digest: nil)])[0].cascade(to: promise)
                } else {
                    promise.completeWith(result)
                }
                self.window.answered(weight: weight)
                self.sendWaiting()
            }
        }
        isSending = false
    }

    /// 256 scripts of some 40 µs each: a stream that registers meanwhile waits for one batch, not for all.
    static let batchSize = 256

    /// Runs any number of scripts, one batch after the other. What Redis refuses of a batch, as for a key of the wrong type, keeps
    /// no later batch from it; the future fails all the same. On the event loop.
    ///
    /// - Parameters:
    ///   - size: how many go out together; fewer where each takes long.
    ///   - make: called when a batch's turn comes; `nil` if there is nothing to do any more.
    ///   - read: what an answer holds.
    func callInBatches<Work: Sendable, Answer: Sendable>(
        _ work: ArraySlice<Work>, size: Int = batchSize, found: [Answer] = [],
        make: @escaping @Sendable (Work) -> ScriptCall?,
        read: @escaping @Sendable (RESPValue) throws -> [Answer]
    ) -> EventLoopFuture<[Answer]> {
        guard !work.isEmpty else { return eventLoop.makeSucceededFuture(found) }
        let answers = call(work.prefix(size).compactMap(make)).flatMapThrowing { replies in
            (answers: try replies.flatMap(read), refusal: CoordinationError?.none)
        }.flatMapErrorThrowing { error in
            guard case .refused = CoordinationError(error) else { throw error }
            return (answers: [], refusal: CoordinationError(error))
        }
        return answers.flatMap { batch in
            let rest = self.callInBatches(
                work.dropFirst(size), size: size, found: found + batch.answers, make: make, read: read)
            guard let refusal = batch.refusal else { return rest }
            return rest.flatMapThrowing { _ in throw refusal }
        }
    }
}
