import NIOCore
import TributaryCore
import TributaryProtocol

/// A node's way to what the nodes share, which does what the test says: it fails, or keeps the node waiting.
final class ScriptedCoordination: Coordination, @unchecked Sendable {
    // Everything lives on the test's one thread.
    let base: MemoryCoordination
    let kind = "scripted"
    var times: CoordinationTimes { base.times }
    /// What every call comes to from now on.
    var failure: CoordinationError?
    /// What calls for some users come to, while those for all others are answered.
    var failures: [UserID: CoordinationError] = [:]
    /// Calls wait for ``answerAll()``; otherwise their answers come at once.
    var holdsAnswers = false
    /// Whether it can be asked who is there; tests of anything else hear nothing of it.
    var knowsPresence = false
    /// The nodes that a beat is told of besides.
    var others: [NodeRecord] = []
    private(set) var refreshed: [[ConnectionID]] = []
    private(set) var removed: [[ConnectionID]] = []
    private(set) var swept = 0
    private var held: [() -> Void] = []
    private let loop: any EventLoop

    init(_ base: MemoryCoordination, loop: any EventLoop) {
        self.base = base
        self.loop = loop
    }

    /// Lets what waits reach the coordination; holds nothing any longer.
    func answerAll() {
        holdsAnswers = false
        while !held.isEmpty { held.removeFirst()() }
    }

    func run() async throws {}

    private func ask<Answer: Sendable>(
        _ call: @escaping () -> EventLoopFuture<Answer>
    ) -> EventLoopFuture<Answer> {
        if let failure { return loop.makeFailedFuture(failure) }
        guard holdsAnswers else { return call() }
        let promise = loop.makePromise(of: Answer.self)
        held.append {
            if let failure = self.failure { promise.fail(failure) } else { call().cascade(to: promise) }
        }
        return promise.futureResult
    }

    func register(_ stream: RegisteredStream, limit: StreamLimit) -> EventLoopFuture<Registration> {
        if let failure = failures[stream.owner.user] { return loop.makeFailedFuture(failure) }
        return ask { [base] in base.register(stream, limit: limit) }
    }

    func refresh(_ users: [OpenStreams]) -> EventLoopFuture<[Displacement]> {
        refreshed.append(users.flatMap { $0.streams.map(\.id) })
        return ask { [base, loop, failures] in
            let done = base.refresh(users.filter { failures[$0.owner.user] == nil })
            let failure = users.compactMap { failures[$0.owner.user] }.first
            return failure.map { loop.makeFailedFuture($0) } ?? done
        }
    }

    func remove(_ streams: [StreamEntry]) -> EventLoopFuture<Void> {
        removed.append(streams.map(\.id))
        return ask { [base] in base.remove(streams) }
    }

    func sweep(_ owners: [StreamOwner]) -> EventLoopFuture<Void> {
        swept += 1
        return ask { [base] in base.sweep(owners) }
    }

    func streams(of owner: StreamOwner) -> EventLoopFuture<[RegisteredStream]> {
        ask { [base] in base.streams(of: owner) }
    }

    func join(_ users: [PresentUser], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        ask { [base] in base.join(users, of: project, on: node) }
    }

    func leave(_ users: [UserID], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        ask { [base] in base.leave(users, of: project, on: node) }
    }

    func set(_ status: PresenceState, of user: UserID, in project: ProjectID) -> EventLoopFuture<Bool> {
        ask { [base] in base.set(status, of: user, in: project) }
    }

    func sweep(_ projects: [ProjectID]) -> EventLoopFuture<Void> { ask { [base] in base.sweep(projects) } }

    func members(of project: ProjectID) -> EventLoopFuture<[PresenceMember]> {
        guard knowsPresence else { return loop.makeFailedFuture(CoordinationError.unavailable("not asked")) }
        return ask { [base] in base.members(of: project) }
    }

    func beat(_ node: String, figures: ByteBuffer) -> EventLoopFuture<[NodeRecord]> {
        ask { [base, others] in base.beat(node, figures: figures).map { $0 + others } }
    }

    func leave(_ node: String) -> EventLoopFuture<Void> { ask { [base] in base.leave(node) } }
}
