import NIOCore
import TributaryCore
import TributaryProtocol

extension RedisCoordination {
    public func join(_ users: [PresentUser], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        let work = users.inBatches.map { Array($0) }
        return eventLoop.flatSubmit {
            let number = self.joins.begin()
            let done = self.callInBatches(work[...], size: Self.presenceScripts) { users in
                self.join(users, of: project, on: node, number)
            } read: { reply in
                [reply == .integer(1)]
            }
            done.assumeIsolated().whenComplete { _ in self.joins.finish() }
            return done.map { $0.allSatisfy { $0 } }
        }.flatMapErrorThrowing { throw CoordinationError($0) }
    }

    private func join(
        _ users: [PresentUser], of project: ProjectID, on node: String, _ number: Int
    ) -> ScriptCall? {
        let users = users.filter { user in
            !joins.hasEnded(NodeMember(user: user.id, project: project, node: node), since: number)
        }
        guard !users.isEmpty else { return nil }
        let names = users.flatMap { user -> [RedisArgument] in [.string(user.id.rawValue), .string(user.type)] }
        return script(
            .join, of: project, [.string(node), .integer(times.presence)] + names, members: users.count)
    }

    /// 4, of 50 users each: 2 ms for a stream that registers meanwhile.
    private static let presenceScripts = 4

    public func leave(_ users: [UserID], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        let calls = users.inBatches.map { batch in
            script(
                .leave, of: project,
                [.string(node), .integer(times.offlineGrace)] + batch.map { .string($0.rawValue) }, members: batch.count
            )
        }
        return eventLoop.flatSubmit {
            for user in users { self.joins.end(NodeMember(user: user, project: project, node: node)) }
            return self.callInBatches(calls[...], size: Self.presenceScripts) {
                $0
            } read: { reply in
                [reply == .integer(1)]
            }.map { $0.allSatisfy { $0 } }
        }.flatMapErrorThrowing { throw CoordinationError($0) }
    }

    public func set(_ status: PresenceState, of user: UserID, in project: ProjectID) -> EventLoopFuture<Bool> {
        let call = script(.set, of: project, [.string(user.rawValue), .string(status.rawValue)])
        return eventLoop.flatSubmit { self.call([call]) }.map { $0[0] == .integer(1) }
            .flatMapErrorThrowing { throw CoordinationError($0) }
    }

    public func sweep(_ projects: [ProjectID]) -> EventLoopFuture<Void> {
        eventLoop.flatSubmit { self.sweepAll(projects) }.flatMapErrorThrowing { throw CoordinationError($0) }
    }

    /// Sweeps again those that had more than one script takes out.
    private func sweepAll(_ projects: [ProjectID]) -> EventLoopFuture<Void> {
        callInBatches(projects[...]) { project in
            self.script(.sweep, of: project, [.integer(50)])
        } read: { reply in
            [reply == .integer(1)]
        }.flatMap { hasMore in
            let rest = zip(projects, hasMore).filter(\.1).map(\.0)
            return rest.isEmpty ? self.eventLoop.makeSucceededVoidFuture() : self.sweepAll(rest)
        }
    }

    public func members(of project: ProjectID) -> EventLoopFuture<[PresenceMember]> {
        let promise = eventLoop.makePromise(of: [PresenceMember].self)
        eventLoop.execute {
            // A thousand streams that open at once each want to know.
            if self.lists.begin(project, promise) { self.list(project, for: [promise]) }
        }
        return promise.futureResult
    }

    private func list(_ project: ProjectID, for waiters: [EventLoopPromise<[PresenceMember]>]) {
        let call = script(.members, of: project, [])
        sweepAll([project]).flatMap { self.call([call]) }.flatMapThrowing { replies in
            try (replies[0].array ?? []).map { try PresenceMember($0) }
                .sorted { $0.user.id.rawValue < $1.user.id.rawValue }
        }.assumeIsolated().whenComplete { result in
            let result = result.mapError { CoordinationError($0) as any Error }
            for waiter in waiters { waiter.completeWith(result) }
            let next = self.lists.finish(project)
            // Not at once: without a connection they would fail within each other.
            if !next.isEmpty { self.eventLoop.execute { self.list(project, for: next) } }
        }
    }

    /// The keys stay longer than anybody's word (27 s of 72), so that a node that sweeps every 20 s can tell what is over.
    private func script(
        _ script: CoordinationScript, of project: ProjectID, _ arguments: [RedisArgument], members: Int = 1
    ) -> ScriptCall {
        let topic = Topic(channel: .presence, project: project)
        return ScriptCall(
            script: script, keys: keys.presence(of: project),
            arguments: [
                .integer(times.presence / 5 * 8), "PUBLISH", .string(topic.name(prefix: configuration.prefix)),
                .string(project.rawValue),
            ] + arguments, members: members)
    }
}

extension PresenceMember {
    /// Reads an element of what `presence_list.lua` answers.
    fileprivate init(_ reply: RESPValue) throws(RedisError) {
        let fields = (reply.array ?? []).compactMap(\.string)
        guard fields.count == 5, let id = try? UserID(fields[0]), let changedAt = UInt64(fields[3]),
            let lastSeen = UInt64(fields[4])
        else {
            throw .protocolViolation("the presence store answered something else")
        }
        self.init(
            user: PresentUser(id: id, type: fields[1]), status: PresenceState(rawValue: fields[2]),
            changedAt: changedAt, lastSeen: lastSeen)
    }
}
