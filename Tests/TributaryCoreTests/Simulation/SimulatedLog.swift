import NIOCore
import TributaryProtocol

@testable import TributaryCore

/// A node's way to the log in the simulation: slow, and now and then not there.
final class SimulatedLog: EventLog, @unchecked Sendable {
    // Everything lives on the simulation's one thread.
    let kind = "simulated"
    private let world: Simulation

    init(in world: Simulation) { self.world = world }

    var status: EventLogStatus { EventLogStatus(isAvailable: true) }
    func run() async throws {}
    func publish(_ event: Event) async throws -> PublishReceipt { try world.log.place(event) }

    func record(_ events: [HeardEvent], of project: ProjectID) -> EventLoopFuture<[RecordOutcome]> {
        ask { self.world.log.record(events, of: project) }
    }

    func listen(
        to channels: [TributaryProtocol.Channel], of project: ProjectID, as listener: String
    ) -> EventLoopFuture<LogState> {
        ask { self.world.log.listen(to: channels, of: project, as: listener) }
    }

    func leave(_ channels: [TributaryProtocol.Channel], of project: ProjectID, as listener: String) {
        world.log.leave(channels, of: project, as: listener)
    }

    func read(
        _ channels: [TributaryProtocol.Channel], of project: ProjectID, after cursor: LogCursor, limit: Int
    ) -> EventLoopFuture<LogPage> {
        // Small pages, so that a replay has many of them.
        ask { self.world.log.read(channels, of: project, after: cursor, limit: min(limit, self.world.pageSize)) }
    }

    /// The request arrives some time later, and the answer some time after that; either may be lost.
    private func ask<Answer: Sendable>(
        _ request: @escaping () -> EventLoopFuture<Answer>
    ) -> EventLoopFuture<Answer> {
        let promise = world.loop.makePromise(of: Answer.self)
        world.later {
            guard self.world.logAnswers() else {
                return promise.fail(EventLogError.unavailable("simulated"))
            }
            let answer = request()
            self.world.noteJournal()
            self.world.later {
                if self.world.logAnswers() {
                    promise.completeWith(answer)
                } else {
                    promise.fail(EventLogError.unavailable("simulated"))
                }
            }
        }
        return promise.futureResult
    }
}
