import Dispatch
import Logging
import NIOConcurrencyHelpers
import struct NIOCore.ByteBuffer
import protocol NIOCore.EventLoop
import class NIOCore.EventLoopFuture
import struct NIOCore.EventLoopPromise
import struct NIOCore.TimeAmount
import ServiceLifecycle
import TributaryCore
import TributaryProtocol

/// The log of a single hub in a file: what it acknowledged, it has after a restart, whatever ended the hub.
///
/// Everything that waits is committed together, on a queue of the log's own; an event reaches the relay, and its
/// publisher gets an answer, after the commit. Projects in use are kept in memory as in ``MemoryEventLog``, within
/// their channels' retention; others are read from the file when they are asked for. The file is this process's alone.
///
/// `@unchecked Sendable`: `projects` is touched on `queue` alone, `inbox` and `failure` are behind their locks.
public final class SQLiteEventLog: EventLog, @unchecked Sendable {
    public let kind = "sqlite"

    private let catalog: Catalog
    private let relay: MemoryRelay
    private let marksLapses: Bool
    private let clock: @Sendable () -> UInt64
    private let isAlive: @Sendable (String) -> Bool
    private let logger: Logger
    let file: DataFile
    private let queue = DispatchQueue(label: "tributary.log")
    private var projects: [ProjectID: StoredProject] = [:]
    private let inbox = NIOLockedValueBox(Inbox())
    private let failure = NIOLockedValueBox<String?>(nil)

    private struct Inbox {
        var operations: [Operation] = []
        var bytes = 0
        /// The queue works, or is about to.
        var isDraining = false
        var isClosed = false
    }

    /// One thing to do, in its place among the others.
    private struct Operation: Sendable {
        /// What it keeps in memory while it waits.
        var bytes = 0
        /// Gives what to do after the commit.
        let run: @Sendable (inout LogBatch) throws -> @Sendable () -> Void
        /// Called instead if the batch could not be committed.
        let fail: @Sendable (EventLogError) -> Void
    }

    /// 64 MiB: publishers that outrun the disk get an error rather than the hub's memory.
    private static let inboxLimit = 64 << 20
    /// 512 operations: a commit of that many takes a few milliseconds more than one of a single.
    private static let batchLimit = 512
    /// A minute, as in memory.
    private static let sweepInterval = TimeAmount.seconds(60)
    /// 5 minutes in microseconds: a page reload or a hub's restart finds the project still in memory.
    private static let idleTime: UInt64 = 300 * 1_000_000

    /// Opens the file, or makes it.
    ///
    /// - Parameters:
    ///   - marksLapses: see ``MemoryEventLog``.
    ///   - clock: microseconds since 1970.
    ///   - isAlive: whether a listener's connection is still there.
    /// - Throws: ``DataFileError``
    public init(
        path: String,
        catalog: Catalog,
        relay: MemoryRelay,
        logger: Logger,
        marksLapses: Bool = true,
        clock: @escaping @Sendable () -> UInt64 = { Instant.microseconds },
        isAlive: @escaping @Sendable (String) -> Bool = { _ in true }
    ) throws {
        file = try DataFile(path: path)
        self.catalog = catalog
        self.relay = relay
        self.logger = logger
        self.marksLapses = marksLapses
        self.clock = clock
        self.isAlive = isAlive
    }

    /// Forgets what has expired, each minute, until it is cancelled or the service group shuts down; then writes what
    /// waits, and closes the file.
    public func run() async throws {
        let sweep = relay.eventLoop.scheduleRepeatedTask(
            initialDelay: Self.sweepInterval, delay: Self.sweepInterval
        ) { [weak self] _ in self?.sweep() }
        try? await gracefulShutdown()
        sweep.cancel()
        await close()
    }

    public var status: EventLogStatus {
        let failure = failure.withLockedValue { $0 }
        return EventLogStatus(isAvailable: failure == nil, lastError: failure)
    }

    // MARK: The port

    public func publish(_ event: Event) async throws -> PublishReceipt {
        try await withCheckedThrowingContinuation { continuation in
            let operation = Operation(bytes: event.data.readableBytes) { batch in
                let result = try batch.publish(event)
                return { continuation.resume(with: result) }
            } fail: {
                continuation.resume(throwing: $0)
            }
            submit(operation)
        }
    }

    public func record(_ events: [HeardEvent], of project: ProjectID) -> EventLoopFuture<[RecordOutcome]> {
        complete { batch in try batch.record(events, of: project) }
    }

    public func listen(
        to channels: [Channel], of project: ProjectID, as listener: String
    ) -> EventLoopFuture<LogState> {
        complete(channels) { batch, indices in try batch.listen(to: indices, of: project, as: listener) }
    }

    public func leave(_ channels: [Channel], of project: ProjectID, as listener: String) {
        guard let indices = try? catalog.indicesForLog(of: channels) else { return }
        submit(
            Operation { batch in
                try batch.leave(indices, of: project, as: listener)
                return {}
            } fail: { _ in
            }
        )
    }

    public func read(
        _ channels: [Channel], of project: ProjectID, after cursor: LogCursor, limit: Int
    ) -> EventLoopFuture<LogPage> {
        complete(channels) { batch, indices in
            try batch.read(indices, of: project, after: cursor, limit: limit)
        }
    }

    // MARK: The file's upkeep

    /// Lets go of everything that is over its bounds.
    func sweep() {
        let idleSince = clock() - min(clock(), Self.idleTime)
        submit(
            Operation { batch in
                // 16: what has to be read for it keeps publishers waiting.
                try batch.sweep(idleSince: idleSince, limit: 16)
                return {}
            } fail: { _ in
            }
        )
    }

    /// How many projects it holds in memory, after all that was asked of it before.
    func projectCount() async -> Int {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.projects.count) }
        }
    }

    /// Writes what waits and closes the file; what comes later is refused.
    func close() async {
        inbox.withLockedValue { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            queue.async {
                self.drain()
                do {
                    try self.file.close()
                } catch {
                    self.logger.warning("the data file was not closed properly", metadata: ["error": "\(error)"])
                }
                continuation.resume()
            }
        }
    }

    // MARK: Batches

    private func complete<Answer: Sendable>(
        _ channels: [Channel], _ body: @escaping @Sendable (inout LogBatch, [Int]) throws -> Answer
    ) -> EventLoopFuture<Answer> {
        let indices: [Int]
        do {
            indices = try catalog.indicesForLog(of: channels)
        } catch {
            return relay.eventLoop.makeFailedFuture(error)
        }
        return complete { batch in .success(try body(&batch, indices)) }
    }

    private func complete<Answer: Sendable>(
        _ body: @escaping @Sendable (inout LogBatch) throws -> Result<Answer, any Error>
    ) -> EventLoopFuture<Answer> {
        let promise = relay.eventLoop.makePromise(of: Answer.self)
        let operation = Operation { batch in
            let result = try body(&batch)
            return { promise.completeWith(result) }
        } fail: {
            promise.fail($0)
        }
        submit(operation)
        return promise.futureResult
    }

    private func submit(_ operation: Operation) {
        enum Answer { case refused(String), taken, first }
        let answer = inbox.withLockedValue { inbox -> Answer in
            if inbox.isClosed { return .refused("the hub has shut down") }
            guard inbox.bytes + operation.bytes <= Self.inboxLimit else {
                return .refused("the disk is behind the publishers")
            }
            inbox.operations.append(operation)
            inbox.bytes += operation.bytes
            defer { inbox.isDraining = true }
            return inbox.isDraining ? .taken : .first
        }
        switch answer {
        case .refused(let cause): operation.fail(.unavailable(cause))
        case .taken: break
        case .first: queue.async { self.drain() }
        }
    }

    /// On `queue`.
    private func drain() {
        while let operations = next() { process(operations) }
    }

    private func next() -> [Operation]? {
        inbox.withLockedValue { inbox in
            guard !inbox.operations.isEmpty else {
                inbox.isDraining = false
                return nil
            }
            let operations = Array(inbox.operations.prefix(Self.batchLimit))
            inbox.operations.removeFirst(operations.count)
            inbox.bytes -= operations.reduce(0) { $0 + $1.bytes }
            return operations
        }
    }

    private func process(_ operations: [Operation]) {
        var answers: [@Sendable () -> Void] = []
        var outgoing: [(payload: ByteBuffer, topic: Topic)] = []
        do {
            try file.transaction { db in
                var batch = LogBatch(
                    store: LogStore(db: db, catalog: catalog), relay: relay, marksLapses: marksLapses, clock: clock,
                    isAlive: isAlive, projects: projects
                )
                // The batch alone holds them now, so that they are changed in place.
                projects = [:]
                defer {
                    projects = batch.projects
                    outgoing = batch.outgoing
                }
                for operation in operations { answers.append(try operation.run(&batch)) }
                try batch.save()
            }
        } catch {
            for message in outgoing { relay.release(message.payload.readableBytes) }
            fail(operations, because: error)
            return
        }
        failure.withLockedValue { $0 = nil }
        for message in outgoing { relay.sendReserved(message.payload, to: message.topic) }
        for answer in answers { answer() }
    }

    private func fail(_ operations: [Operation], because error: any Error) {
        // A commit that failed leaves memory ahead of the file: everything is read anew.
        projects = [:]
        let cause = "the data file failed: \(error)"
        let isNews = failure.withLockedValue { failure in
            defer { failure = cause }
            return failure != cause
        }
        if isNews { logger.error("the log cannot be written", metadata: ["error": "\(error)"]) }
        for operation in operations { operation.fail(.unavailable(cause)) }
    }
}
