import NIOCore
import TributaryCore
import TributaryProtocol

/// A node's way to the log, which does what the test says: it fails, or keeps the node waiting for its answers.
final class ScriptedLog: EventLog, @unchecked Sendable {
    // Everything lives on the test's one thread.
    enum Request: Equatable {
        case listen([String])
        case read([String], after: LogCursor, limit: Int)
        case record([UInt64])
        case leave([String])
    }

    let kind = "scripted"
    /// What every request comes to from now on, those that wait included.
    var failure: EventLogError?
    /// Requests wait for ``answer(_:)``; otherwise their answers come at once.
    var holdsAnswers = false
    private(set) var requests: [Request] = []
    private var held: [(reach: () -> Void, drop: () -> Void)] = []
    private let base: any EventLog
    private let loop: any EventLoop

    init(_ base: any EventLog, loop: any EventLoop) {
        self.base = base
        self.loop = loop
    }

    deinit {
        for request in held { request.drop() }
    }

    /// How many requests wait.
    var waitingCount: Int { held.count }

    var readCount: Int { requests.count { if case .read = $0 { true } else { false } } }

    /// Lets the oldest waiting requests reach the log, `count` of them.
    func answer(_ count: Int) {
        for _ in 0..<count where !held.isEmpty { held.removeFirst().reach() }
    }

    /// Lets all of them reach the log, with those that come of it; holds nothing any longer.
    func answerAll() {
        while !held.isEmpty { held.removeFirst().reach() }
        holdsAnswers = false
    }

    var status: EventLogStatus { EventLogStatus(isAvailable: failure == nil) }
    func run() async throws {}
    func publish(_ event: Event) async throws -> PublishReceipt { try await base.publish(event) }

    func record(_ events: [HeardEvent], of project: ProjectID) -> EventLoopFuture<[RecordOutcome]> {
        requests.append(.record(events.map(\.id.rawValue)))
        return ask { [base] in base.record(events, of: project) }
    }

    func listen(
        to channels: [TributaryProtocol.Channel], of project: ProjectID, as listener: String
    ) -> EventLoopFuture<LogState> {
        requests.append(.listen(channels.map(\.name)))
        return ask { [base] in base.listen(to: channels, of: project, as: listener) }
    }

    func leave(_ channels: [TributaryProtocol.Channel], of project: ProjectID, as listener: String) {
        requests.append(.leave(channels.map(\.name)))
        base.leave(channels, of: project, as: listener)
    }

    func read(
        _ channels: [TributaryProtocol.Channel], of project: ProjectID, after cursor: LogCursor, limit: Int
    ) -> EventLoopFuture<LogPage> {
        requests.append(.read(channels.map(\.name), after: cursor, limit: limit))
        return ask { [base] in base.read(channels, of: project, after: cursor, limit: limit) }
    }

    private func ask<Answer: Sendable>(
        _ request: @escaping () -> EventLoopFuture<Answer>
    ) -> EventLoopFuture<Answer> {
        let promise = loop.makePromise(of: Answer.self)
        let reach = { [unowned self] in
            if let failure { promise.fail(failure) } else { promise.completeWith(request()) }
        }
        let drop = { promise.fail(EventLogError.unavailable("the test is over")) }
        if holdsAnswers { held.append((reach, drop)) } else { reach() }
        return promise.futureResult
    }
}
