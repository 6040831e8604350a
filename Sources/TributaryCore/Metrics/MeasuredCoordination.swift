import NIOConcurrencyHelpers
import NIOCore
import ServiceLifecycle
import TributaryProtocol

/// A coordination whose calls are counted and timed. From any thread: a call is a round trip, and can afford the lock.
final class MeasuredCoordination: Coordination {
    private let base: any Coordination
    private let totals = NIOLockedValueBox<[RegistryOperation: RegistryOperationFigures]>([:])

    init(_ base: any Coordination) {
        self.base = base
    }

    var figures: [RegistryOperation: RegistryOperationFigures] { totals.withLockedValue { $0 } }

    private func note<Answer>(
        _ operation: RegistryOperation, _ answer: EventLoopFuture<Answer>
    ) -> EventLoopFuture<Answer> {
        let began = NIODeadline.now()
        answer.whenComplete { [totals] result in
            let took = UInt64(max(0, (NIODeadline.now() - began).nanoseconds / 1_000))
            let isFailure = if case .failure = result { true } else { false }
            totals.withLockedValue { $0[operation, default: .init()].note(took, isFailure: isFailure) }
        }
        return answer
    }

    // MARK: Coordination

    var kind: String { base.kind }
    var times: CoordinationTimes { base.times }

    func run() async throws { try await base.run() }

    func register(_ stream: RegisteredStream, limit: StreamLimit) -> EventLoopFuture<Registration> {
        note(.register, base.register(stream, limit: limit))
    }

    func refresh(_ users: [OpenStreams]) -> EventLoopFuture<[Displacement]> { note(.refresh, base.refresh(users)) }

    func remove(_ streams: [StreamEntry]) -> EventLoopFuture<Void> { note(.remove, base.remove(streams)) }

    func sweep(_ owners: [StreamOwner]) -> EventLoopFuture<Void> { note(.sweep, base.sweep(owners)) }

    func streams(of owner: StreamOwner) -> EventLoopFuture<[RegisteredStream]> {
        note(.list, base.streams(of: owner))
    }

    func join(_ users: [PresentUser], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        note(.join, base.join(users, of: project, on: node))
    }

    func leave(_ users: [UserID], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        note(.leave, base.leave(users, of: project, on: node))
    }

    func set(_ status: PresenceState, of user: UserID, in project: ProjectID) -> EventLoopFuture<Bool> {
        note(.setPresence, base.set(status, of: user, in: project))
    }

    func sweep(_ projects: [ProjectID]) -> EventLoopFuture<Void> { note(.sweepPresence, base.sweep(projects)) }

    func members(of project: ProjectID) -> EventLoopFuture<[PresenceMember]> {
        note(.members, base.members(of: project))
    }

    func beat(_ node: String, figures: ByteBuffer) -> EventLoopFuture<[NodeRecord]> {
        note(.beat, base.beat(node, figures: figures))
    }

    func leave(_ node: String) -> EventLoopFuture<Void> { note(.farewell, base.leave(node)) }
}
