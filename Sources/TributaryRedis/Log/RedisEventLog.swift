import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ServiceLifecycle
import TributaryCore
import TributaryProtocol

/// The log in Redis: a stream for each project and channel, written by the function library that this type keeps loaded.
///
/// It has two connections, so that a large read never delays what is published. A call fails at once while there is none,
/// and after ``RedisConfiguration/commandTimeoutMilliseconds`` if Redis hangs. Redis 7 or Valkey is needed.
///
/// `@unchecked Sendable`: everything that changes and is not in a box lives on ``eventLoop``.
public final class RedisEventLog: EventLog, @unchecked Sendable {
    /// What a log can be told beside the catalog.
    public struct Configuration: Sendable {
        public var redis: RedisConfiguration
        /// In front of every key and channel in Redis; `nil` for none (then keys begin with `tributary:`).
        public var prefix: String?
        /// How often the connections and the library are looked at. 10 s, as the relay's probe.
        public var probeIntervalMilliseconds = 10_000
        /// How often a node says again that it listens, at a probe. 6 h: what it said is forgotten after a day at the earliest.
        public var renewalIntervalMilliseconds = 6 * 3_600_000

        public init(redis: RedisConfiguration, prefix: String? = nil) {
            self.redis = redis
            self.prefix = prefix
        }
    }

    public let kind = "redis"
    public let eventLoop: any EventLoop

    let configuration: Configuration
    let catalog: Catalog
    let logger: Logger
    /// One for each server that takes writes; `nil` is the only one.
    private var keepers: [RedisHost?: LibraryKeeper] = [:]
    private let finished: EventLoopPromise<Void>
    private let statusBox = NIOLockedValueBox(EventLogStatus(isAvailable: false, lastError: "not started"))

    /// For what changes the log, and for the library.
    let writes: LogConnection
    let reads: LogConnection
    var queue = ReadQueue<EventLoopPromise<LogPage>>()
    /// What this node listens to.
    var listened: [ProjectID: Set<TributaryProtocol.Channel>] = [:]
    var renewedAt = NIODeadline.now()
    private var failures = FailureLog()
    private var areReadsUp = false
    private var isLibraryLoaded = false
    private var isStopped = false
    private var timer: Scheduled<Void>?

    /// - Parameters:
    ///   - catalog: says what is durable, and how much is kept; Redis gets it with the library.
    ///   - eventLoop: where the log lives.
    /// - Throws: ``RedisConfigurationError`` for TLS files that cannot be used. Nothing connects before ``run()``.
    public init(
        _ configuration: Configuration,
        catalog: Catalog,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any(),
        logger: Logger = Logger(label: "tributary.log")
    ) throws(RedisConfigurationError) {
        self.configuration = configuration
        self.catalog = catalog
        self.eventLoop = eventLoop
        self.logger = logger
        writes = LogConnection(try RedisConnector(configuration.redis), on: eventLoop)
        var large = configuration.redis
        large.maximumReplyBytes = max(large.maximumReplyBytes, Self.maximumPageBytes)
        reads = LogConnection(try RedisConnector(large), on: eventLoop)
        finished = eventLoop.makePromise()
    }

    /// 1 GiB: a page is asked for by the average envelope, so one that is larger than 2 MiB is rare; but cut off it would be
    /// asked for again and again.
    private static let maximumPageBytes = 1 << 30

    deinit {
        // Of a log that never ran; a promise must not be forgotten.
        finished.succeed()
    }

    /// A moment's view; from any thread.
    public var status: EventLogStatus { statusBox.withLockedValue { $0 } }

    /// Connects, loads the library, and keeps both, until the task is cancelled or the service group shuts down. Call it
    /// once.
    public func run() async throws {
        await eventLoop.runService(
            until: finished.futureResult, start: { self.start() }, stop: { self.stop() }
        )
    }

    private func start() {
        guard !isStopped else { return }
        writes.start { [weak self] result in
            guard let self else { return }
            isLibraryLoaded = false
            switch result {
            case .success: probe()
            case .failure(let error): failed(error)
            }
        }
        reads.start { [weak self] result in
            guard let self else { return }
            switch result {
            case .success:
                areReadsUp = true
                noteReady()
            case .failure(let error):
                areReadsUp = false
                failed(error)
            }
        }
    }

    private func stop() {
        guard !isStopped else { return }
        isStopped = true
        timer?.cancel()
        statusBox.withLockedValue { $0 = EventLogStatus(isAvailable: false, lastError: "stopped") }
        writes.stop().and(reads.stop()).assumeIsolated().whenComplete { _ in self.finished.succeed() }
    }

    // MARK: Library

    /// Looks after the library, and soon again if that failed.
    private func probe() {
        timer?.cancel()
        loadLibrary().assumeIsolated().whenComplete { result in
            var delay = self.configuration.probeIntervalMilliseconds
            if case .failure = result { delay = min(delay, Self.retryMilliseconds) }
            self.schedule(after: delay)
        }
        renewListeners()
        // Shows a reader that hangs; nothing is read for hours in a quiet hub.
        for answer in reads.send([RedisCommand("PING")]) { answer.whenComplete { _ in } }
        writes.checkMaster()
        reads.checkMaster()
    }

    /// 1 s: a Redis that could not be given the library may be right again, as after an `ACL SETUSER`.
    private static let retryMilliseconds = 1_000

    private func schedule(after milliseconds: Int) {
        timer?.cancel()
        guard !isStopped, writes.connection != nil else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) { self.probe() }
    }

    /// Loads the library if Redis has lost it.
    func loadLibrary() -> EventLoopFuture<Void> {
        let masters = writes.masters
        guard !masters.isEmpty else {
            return eventLoop.makeFailedFuture(RedisError.connectionLost("no connection"))
        }
        let checks = masters.map { keeper(for: $0.host).check(on: $0.connection) }
        let loading = EventLoopFuture.andAllSucceed(checks, on: eventLoop)
        loading.assumeIsolated().whenComplete { result in
            let now = self.writes.masters
            guard now.elementsEqual(masters, by: { $0.connection === $1.connection }) else { return }
            switch result {
            case .success:
                self.isLibraryLoaded = true
                self.noteReady()
            case .failure(let error):
                self.isLibraryLoaded = false
                self.failed(error)
            }
        }
        return loading
    }

    private func keeper(for host: RedisHost?) -> LibraryKeeper {
        if let keeper = keepers[host] { return keeper }
        let keeper = LibraryKeeper(
            own: CatalogLine(catalog, prefix: configuration.prefix), prefix: configuration.prefix,
            isCluster: host != nil,
            eventLoop: eventLoop, logger: logger)
        keepers[host] = keeper
        return keeper
    }

    /// On any of the servers that take writes.
    private var hasOtherCatalog: Bool { keepers.values.contains(where: \.hasOtherCatalog) }

    // MARK: Status

    private func noteReady() {
        guard isLibraryLoaded, areReadsUp, !isStopped else { return }
        failures.reset()
        statusBox.withLockedValue { $0 = EventLogStatus(isAvailable: true, hasOtherCatalog: hasOtherCatalog) }
    }

    private func failed(_ error: any Error) {
        guard !isStopped else { return }
        let text = "\(error)"
        statusBox.withLockedValue {
            $0 = EventLogStatus(isAvailable: false, lastError: text, hasOtherCatalog: hasOtherCatalog)
        }
        guard failures.shouldLog(text, now: RedisRelay.now) else { return }
        logger.warning(
            "the log in Redis is not available, will keep trying",
            metadata: ["redis": "\(configuration.redis)", "error": "\(text)"])
    }
}
