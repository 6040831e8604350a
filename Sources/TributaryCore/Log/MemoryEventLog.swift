import NIOConcurrencyHelpers
import struct NIOCore.ByteBuffer
import protocol NIOCore.EventLoop
import class NIOCore.EventLoopFuture
import struct NIOCore.TimeAmount
import ServiceLifecycle
import TributaryProtocol

/// A log inside one process: `tributary serve` without Redis, and the tests' double.
///
/// Every call does its work before it returns, on the caller's thread and under one lock: assigning an id, appending
/// and handing the envelope to the relay are one step, and the order of the log is the order of the relay.
public final class MemoryEventLog: ImmediateEventLog {
    /// Hands an envelope to the relay; throws if the relay takes none now. It must not call the log.
    public typealias Send = @Sendable (ByteBuffer, Topic) throws -> Void

    public let kind = "memory"
    public let eventLoop: any EventLoop

    private let catalog: Catalog
    private let marksLapses: Bool
    private let clock: @Sendable () -> UInt64
    private let isAlive: @Sendable (String) -> Bool
    private let send: Send
    private let projects = NIOLockedValueBox<[ProjectID: ProjectLog]>([:])

    /// A minute: often enough that forgotten projects don't pile up, seldom enough to cost nothing.
    static let sweepInterval = TimeAmount.seconds(60)

    /// - Parameters:
    ///   - eventLoop: succeeds the futures.
    ///   - marksLapses: whether events may pass the log by, through the relay alone. False if whatever is published comes
    ///     from this log: then nothing can be missing, whoever listened.
    ///   - clock: microseconds since 1970.
    ///   - isAlive: whether a listener's connection is still there.
    public init(
        catalog: Catalog,
        eventLoop: any EventLoop,
        marksLapses: Bool = true,
        clock: @escaping @Sendable () -> UInt64 = { Instant.microseconds },
        isAlive: @escaping @Sendable (String) -> Bool = { _ in true },
        send: @escaping Send
    ) {
        self.catalog = catalog
        self.eventLoop = eventLoop
        self.marksLapses = marksLapses
        self.clock = clock
        self.isAlive = isAlive
        self.send = send
    }

    /// A log that publishes to a memory relay.
    public convenience init(
        catalog: Catalog,
        relay: MemoryRelay,
        marksLapses: Bool = true,
        clock: @escaping @Sendable () -> UInt64 = { Instant.microseconds }
    ) {
        self.init(catalog: catalog, eventLoop: relay.eventLoop, marksLapses: marksLapses, clock: clock) {
            try relay.send($0, to: $1)
        }
    }

    /// Forgets what has expired, each minute, until it is cancelled or the service group shuts down.
    public func run() async throws {
        let sweep = eventLoop.scheduleRepeatedTask(
            initialDelay: Self.sweepInterval, delay: Self.sweepInterval
        ) { [weak self] _ in self?.sweep() }
        try? await gracefulShutdown()
        sweep.cancel()
    }

    public var status: EventLogStatus { EventLogStatus(isAvailable: true) }

    public func publish(_ event: Event) async throws -> PublishReceipt {
        try place(event)
    }

    /// Publishes as ``publish(_:)`` does, which needs no waiting here.
    ///
    /// - Throws: as ``publish(_:)``, and ``Envelope/Rejection/tooLarge``.
    public func place(_ event: Event) throws -> PublishReceipt {
        try change(event.project) { log in
            switch try log.plan(event, now: clock()) {
            case .duplicate(let receipt): return receipt
            case .publish(let publication):
                do {
                    try send(publication.envelope, publication.topic)
                } catch {
                    throw EventLogError.unavailable("\(error)")
                }
                log.take(publication)
                return publication.receipt
            }
        }
    }

    public func record(_ events: [HeardEvent], of project: ProjectID) -> EventLoopFuture<[RecordOutcome]> {
        complete { try change(project) { log in try events.map { try log.record($0, now: clock()) } } }
    }

    public func listen(
        to channels: [Channel], of project: ProjectID, as listener: String
    ) -> EventLoopFuture<LogState> {
        complete {
            let indices = try catalog.indicesForLog(of: channels)
            return try change(project) { log in
                log.listen(to: indices, as: listener, marksLapses: marksLapses, isAlive: isAlive)
                return log.state(of: indices)
            }
        }
    }

    public func leave(_ channels: [Channel], of project: ProjectID, as listener: String) {
        try? change(project) { log in log.leave(try catalog.indicesForLog(of: channels), as: listener) }
    }

    public func read(
        _ channels: [Channel], of project: ProjectID, after cursor: LogCursor, limit: Int
    ) -> EventLoopFuture<LogPage> {
        complete {
            let indices = try catalog.indicesForLog(of: channels)
            return try change(project) { log in
                for index in indices { log.trim(index, now: clock()) }
                return log.read(indices, after: cursor, limit: min(max(limit, 1), 1_000))
            }
        }
    }

    // MARK: What has expired, and what a test takes away

    /// Lets go of everything that is over its bounds, and of projects that hold nothing any more.
    func sweep() {
        let now = clock()
        // One project at a time: publishers don't wait for all of them.
        for project in projects.withLockedValue({ Array($0.keys) }) {
            try? change(project) { $0.expire(now: now) }
        }
    }

    /// How many projects it holds.
    var projectCount: Int { projects.withLockedValue { $0.count } }

    /// Forgets everything, as a Redis does that is wiped.
    public func removeAll() {
        projects.withLockedValue { $0 = [:] }
    }

    /// Lets go of all but a channel's newest entries, as its retention would.
    public func trim(_ channel: Channel, of project: ProjectID, keeping count: Int) {
        try? change(project) { log in log.trim(try catalog.indexForLog(of: channel), keeping: count) }
    }

    // MARK: -

    /// Works on a project's log, and forgets the log if it holds nothing afterwards.
    private func change<Answer>(_ project: ProjectID, _ body: (inout ProjectLog) throws -> Answer) throws -> Answer {
        try projects.withLockedValue { projects in
            // Taken out, so that it is changed in place and not copied.
            var log = projects.removeValue(forKey: project) ?? ProjectLog(catalog: catalog)
            defer { if !log.isOver(now: clock()) { projects[project] = log } }
            return try body(&log)
        }
    }

    private func complete<Answer: Sendable>(_ body: () throws -> Answer) -> EventLoopFuture<Answer> {
        do {
            return eventLoop.makeSucceededFuture(try body())
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}
