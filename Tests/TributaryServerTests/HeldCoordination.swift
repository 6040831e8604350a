import NIOCore
import NIOPosix
import NIOConcurrencyHelpers
import TributaryCore
import TributaryProtocol
import TributaryTesting

/// Coordination that answers a stream's registration when the test lets it.
final class HeldCoordination: Coordination {
    private struct State {
        var isHolding = true
        var held: [@Sendable () -> Void] = []
    }

    private let base: MemoryCoordination
    private let state = NIOLockedValueBox(State())

    init(_ base: MemoryCoordination) {
        self.base = base
    }

    /// Returns when so many registrations wait.
    func until(waiting count: Int) async throws {
        let deadline = NIODeadline.now() + RawClient.patience
        while state.withLockedValue({ $0.held.count }) < count {
            guard NIODeadline.now() < deadline else { throw CancellationError() }
            await Task.yield()
        }
    }

    /// Answers what waits, and everything from now on.
    func release() {
        let held = state.withLockedValue { state in
            state.isHolding = false
            defer { state.held = [] }
            return state.held
        }
        for answer in held { answer() }
    }

    func register(_ stream: RegisteredStream, limit: StreamLimit) -> EventLoopFuture<Registration> {
        let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Registration.self)
        let answer: @Sendable () -> Void = { [base] in base.register(stream, limit: limit).cascade(to: promise) }
        let isHeld = state.withLockedValue { state in
            if state.isHolding { state.held.append(answer) }
            return state.isHolding
        }
        if !isHeld { answer() }
        return promise.futureResult
    }

    var kind: String { base.kind }
    var times: CoordinationTimes { base.times }
    func run() async throws { try await base.run() }
    func refresh(_ users: [OpenStreams]) -> EventLoopFuture<[Displacement]> { base.refresh(users) }
    func remove(_ streams: [StreamEntry]) -> EventLoopFuture<Void> { base.remove(streams) }
    func sweep(_ owners: [StreamOwner]) -> EventLoopFuture<Void> { base.sweep(owners) }
    func streams(of owner: StreamOwner) -> EventLoopFuture<[RegisteredStream]> { base.streams(of: owner) }
    func join(_ users: [PresentUser], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        base.join(users, of: project, on: node)
    }
    func leave(_ users: [UserID], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        base.leave(users, of: project, on: node)
    }
    func set(_ status: PresenceState, of user: UserID, in project: ProjectID) -> EventLoopFuture<Bool> {
        base.set(status, of: user, in: project)
    }
    func sweep(_ projects: [ProjectID]) -> EventLoopFuture<Void> { base.sweep(projects) }
    func members(of project: ProjectID) -> EventLoopFuture<[PresenceMember]> { base.members(of: project) }
    func beat(_ node: String, figures: ByteBuffer) -> EventLoopFuture<[NodeRecord]> {
        base.beat(node, figures: figures)
    }
    func leave(_ node: String) -> EventLoopFuture<Void> { base.leave(node) }
}
