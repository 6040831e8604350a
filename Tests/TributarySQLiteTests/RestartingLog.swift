import Logging
import NIOConcurrencyHelpers
import class NIOCore.EventLoopFuture
import ServiceLifecycle
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributarySQLite

/// A log that is killed after every few operations, and opened again from what its file held at that moment.
///
/// For one operation at a time.
final class RestartingLog: EventLog {
    private struct State {
        var log: SQLiteEventLog
        var file: TemporaryFile
        var operations = 0
        var spent: [(SQLiteEventLog, TemporaryFile)] = []
    }

    private let relay: MemoryRelay
    private let clock: @Sendable () -> UInt64
    private let state: NIOLockedValueBox<State>

    /// Five: each restart copies the file, and a case of hundreds of operations sees dozens of them.
    private static let lifetime = 5

    init(relay: MemoryRelay, clock: @escaping @Sendable () -> UInt64) throws {
        self.relay = relay
        self.clock = clock
        let file = try TemporaryFile()
        state = NIOLockedValueBox(State(log: try Self.open(file, relay, clock), file: file))
    }

    private static func open(
        _ file: TemporaryFile, _ relay: MemoryRelay, _ clock: @escaping @Sendable () -> UInt64
    ) throws -> SQLiteEventLog {
        try SQLiteEventLog(
            path: file.path, catalog: EventLogContract.catalog, relay: relay, logger: .silent, clock: clock
        )
    }

    /// How often it was killed.
    var restarts: Int { state.withLockedValue { $0.spent.count } }

    private func next() throws -> SQLiteEventLog {
        try state.withLockedValue { state in
            state.operations += 1
            guard state.operations % Self.lifetime == 0 else { return state.log }
            let copy = try state.file.snapshot()
            state.spent.append((state.log, state.file))
            state.log = try Self.open(copy, relay, clock)
            state.file = copy
            return state.log
        }
    }

    func close() async {
        let state = state.withLockedValue { $0 }
        for (log, file) in state.spent + [(state.log, state.file)] {
            await log.close()
            file.remove()
        }
    }

    let kind = "restarting"
    var status: EventLogStatus { EventLogStatus(isAvailable: true) }
    func run() async throws { try? await gracefulShutdown() }
    func publish(_ event: Event) async throws -> PublishReceipt { try await next().publish(event) }

    func record(_ events: [HeardEvent], of project: ProjectID) -> EventLoopFuture<[RecordOutcome]> {
        forward { $0.record(events, of: project) }
    }

    func listen(to channels: [Channel], of project: ProjectID, as listener: String) -> EventLoopFuture<LogState> {
        forward { $0.listen(to: channels, of: project, as: listener) }
    }

    func leave(_ channels: [Channel], of project: ProjectID, as listener: String) {}

    func read(
        _ channels: [Channel], of project: ProjectID, after cursor: LogCursor, limit: Int
    ) -> EventLoopFuture<LogPage> {
        forward { $0.read(channels, of: project, after: cursor, limit: limit) }
    }

    private func forward<Answer>(
        _ call: (SQLiteEventLog) -> EventLoopFuture<Answer>
    ) -> EventLoopFuture<Answer> {
        do {
            return call(try next())
        } catch {
            return relay.eventLoop.makeFailedFuture(error)
        }
    }
}
