import NIOCore
import TributaryProtocol

/// What nodes say to each other.
extension Registrar {
    /// A message of another node's, or of this one's own. On any thread.
    func heard(_ message: NodeMessage) {
        eventLoop.perform {
            guard message.from != self.node else { return self.heardItself() }
            if !self.nodes.contains(where: { $0.name == message.from }) { self.beatSoon() }
            for displaced in message.displaced ?? [] {
                guard let id = ConnectionID(displaced.id) else { continue }
                self.close(id, displaced.reason == Displacement.Reason.replaced.rawValue ? .replaced : .evicted)
            }
            if let question = message.question {
                let answer = self.eventLoop.makeFutureWithTask { await self.respond(question) }
                answer.assumeIsolated().whenSuccess { answer in
                    var reply = NodeMessage(from: self.node)
                    reply.answer = answer
                    self.tell(reply, message.from)
                }
            }
            if let typing = message.typing, let user = try? UserID(typing.user),
                let project = try? ProjectID(typing.project)
            {
                self.typedElsewhere(StreamOwner(user: user, project: project))
            }
            if let forgotten = message.forgotten {
                self.renewPresence(of: forgotten.compactMap { try? ProjectID($0) })
            }
            if let answer = message.answer { self.inquiries.answer(answer, from: message.from) }
        }
    }

    func tellDisplaced(_ displaced: [Displacement], to node: String) {
        var message = NodeMessage(from: self.node)
        message.displaced = displaced.map { .init(id: "\($0.id)", reason: $0.reason.rawValue) }
        tell(message, node)
    }

    /// A user has said here whether it types. From any thread.
    func tellTyping(_ owner: StreamOwner) {
        var message = NodeMessage(from: node)
        message.typing = .init(user: owner.user.rawValue, project: owner.project.rawValue)
        tell(message, nil)
    }

    /// Sends a message; what does not arrive is made good by the next refresh, or told to who asked.
    @discardableResult
    func tell(_ message: NodeMessage, _ node: String?) -> EventLoopFuture<Void> {
        relay.tell(message.encoded(), node: node)
    }

    /// Asks every node, this one included. One that is lost is asked as well, and counts as silent unless it answers before the
    /// others have. From any thread.
    ///
    /// - Parameter isForOne: one of them has what is asked for, so its answer is enough.
    func ask(_ question: NodeQuestion, isForOne: Bool = false) async -> Inquiries.Outcome {
        let own = await respond(question)
        if isForOne, own.isPositive { return Inquiries.Outcome(answers: [own]) }
        let eventLoop = eventLoop
        let others = try? await eventLoop.flatSubmit { self.askOthers(question, isForOne: isForOne) }.get()
        var outcome = others ?? Inquiries.Outcome()
        outcome.answers.insert(own, at: 0)
        return outcome
    }

    func askOthers(_ question: NodeQuestion, isForOne: Bool) -> EventLoopFuture<Inquiries.Outcome> {
        let others = nodes.filter { $0.name != node }
        let promise = eventLoop.makePromise(of: Inquiries.Outcome.self)
        let number = inquiries.begin(
            awaiting: Set(others.filter { !$0.isLost }.map(\.name)),
            lost: Set(others.filter(\.isLost).map(\.name)), isForOne: isForOne, promise)
        var message = NodeMessage(from: node)
        message.question = question
        message.question?.number = number
        let patience = TimeAmount.milliseconds(Int64(configuration.askTimeoutMilliseconds))
        let timeout = eventLoop.assumeIsolated().scheduleTask(in: patience) { self.inquiries.end(number) }
        tell(message, nil).hop(to: eventLoop).assumeIsolated().whenFailure { _ in self.inquiries.end(number) }
        promise.futureResult.assumeIsolated().whenComplete { _ in timeout.cancel() }
        return promise.futureResult
    }

    // MARK: Answers

    /// What this node says to a question.
    private func respond(_ question: NodeQuestion) async -> NodeAnswer {
        var answer = NodeAnswer(to: question)
        let user = question.user.flatMap { try? UserID($0) }
        let project = question.project.flatMap { try? ProjectID($0) }
        let id = question.connection.flatMap { ConnectionID($0) }
        switch question.kind {
        case .connections:
            let limit = question.limit ?? 1_000
            let found = await connections(of: user, in: project, limit: limit)
            answer.connections = found.connections
            answer.more = found.more
        case .find:
            guard let id else { break }
            answer.found = await find(id).map { place, channels in
                let owner = place.owner
                return .init(
                    user: owner.user.rawValue, project: owner.project.rawValue, channels: names(of: channels))
            }
        case .close:
            guard let id else { break }
            answer.closed = await closeNow(id, .revoked) ? 1 : 0
        case .revoke:
            guard let user else { break }
            answer.closed = await revoke(user, in: project)
        case .change:
            guard let id else { break }
            let change = ChannelChange(
                adding: channels(question.adding), removing: channels(question.removing),
                fromSequence: question.fromSequence
            )
            answer.channels = await self.change(id, of: user, change)
        case .renew:
            guard let id, let user else { break }
            answer.isRenewed = await renew(id, of: user, StreamRenewal(question, removing: channels(question.removing)))
        case .explain:
            guard let user, let project, let event = question.event else { break }
            answer.explanation = await explain(event, to: user, in: project)
        }
        return answer
    }

    func channels(_ names: [String]?) -> ChannelSet {
        (names ?? []).reduce(into: []) { set, name in
            if let index = catalog.index(of: name) { set.insert(ChannelSet(index: index)) }
        }
    }
}

extension StreamRenewal {
    /// As another node tells of it: who is to be asked stays there.
    fileprivate init(_ question: NodeQuestion, removing: ChannelSet) {
        self.init(StreamLease(expiresAt: question.expiresAt.map { Instant(milliseconds: $0) }), removing: removing)
        reviewAt = question.reviewAt.map { Instant(milliseconds: $0) }
    }
}
