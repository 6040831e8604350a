import TributaryProtocol

/// Open streams, on whichever node they are. From any thread.
extension Hub {
    /// Whose a live stream is, and what it reads; `nil` if there is none.
    ///
    /// - Throws: ``CoordinationError/unavailable(_:)`` if a node did not answer that may have it.
    public func stream(
        _ id: ConnectionID
    ) async throws(CoordinationError) -> (user: UserID, project: ProjectID, channels: ChannelSet)? {
        var question = NodeQuestion(.find)
        question.connection = "\(id)"
        guard let found = try await askForOne(question)?.found, let user = try? UserID(found.user),
            let project = try? ProjectID(found.project)
        else { return nil }
        return (user, project, found.channels.map { registrar.channels($0) } ?? .all(of: catalog.channels.count))
    }

    /// Gives a live stream the time of a new credential; of channels that it loses, it is told by `subscribed`.
    ///
    /// - Parameter user: the stream's own.
    /// - Returns: false if there is no such stream of this user.
    /// - Throws: ``CoordinationError/unavailable(_:)`` if a node did not answer that may have it.
    public func renew(
        _ id: ConnectionID, of user: UserID, _ renewal: StreamRenewal
    ) async throws(CoordinationError) -> Bool {
        // Here, who is to be asked can go with it.
        if await registrar.renew(id, of: user, renewal) { return true }
        var question = NodeQuestion(.renew)
        question.connection = "\(id)"
        question.user = user.rawValue
        question.expiresAt = renewal.expiresAt?.milliseconds
        question.reviewAt = renewal.reviewAt?.milliseconds
        question.removing = registrar.names(of: renewal.removing)
        return try await askForOne(question) != nil
    }

    /// Changes the channels of a live stream; the stream is told by `subscribed` when it is so.
    ///
    /// - Parameter user: the stream's own user; `nil` for an operator, who may change anybody's.
    /// - Returns: the channels that it will have, by name; `nil` if there is no such stream of this user.
    /// - Throws: ``CoordinationError/unavailable(_:)`` if a node did not answer that may have it.
    public func change(
        _ id: ConnectionID, of user: UserID?, _ change: ChannelChange
    ) async throws(CoordinationError) -> [String]? {
        var question = NodeQuestion(.change)
        question.connection = "\(id)"
        question.user = user?.rawValue
        question.adding = registrar.names(of: change.adding)
        question.removing = registrar.names(of: change.removing)
        question.fromSequence = change.fromSequence
        return try await askForOne(question)?.channels
    }

    /// Open streams on all nodes, narrowed to a user and a project where given.
    ///
    /// - Parameter limit: at most so many, the oldest.
    public func connections(
        of user: UserID? = nil, in project: ProjectID? = nil, limit: Int = 1_000
    ) async -> ConnectionListing {
        var question = NodeQuestion(.connections)
        question.user = user?.rawValue
        question.project = project?.rawValue
        question.limit = limit
        let outcome = await registrar.ask(question)
        let all = outcome.answers.flatMap { $0.connections ?? [] }.sorted { $0.connectedAt < $1.connectedAt }
        var listing = ConnectionListing()
        listing.connections = Array(all.prefix(limit))
        listing.count = listing.connections.count
        listing.more = all.count > limit || outcome.answers.contains { $0.more == true }
        listing.silentNodes = outcome.silent
        return listing
    }

    /// Closes a stream with `revoked`: its client does not come back by itself.
    ///
    /// - Returns: false if there is none.
    /// - Throws: ``CoordinationError/unavailable(_:)`` if a node did not answer that may have it.
    public func close(_ id: ConnectionID) async throws(CoordinationError) -> Bool {
        var question = NodeQuestion(.close)
        question.connection = "\(id)"
        return try await askForOne(question) != nil
    }

    /// The answer of the node that has what is asked for; `nil` if none has it.
    private func askForOne(_ question: NodeQuestion) async throws(CoordinationError) -> NodeAnswer? {
        let outcome = await registrar.ask(question, isForOne: true)
        if let answer = outcome.answers.first(where: \.isPositive) { return answer }
        guard outcome.silent.isEmpty else {
            throw .unavailable("no answer from \(outcome.silent.joined(separator: ", "))")
        }
        return nil
    }

    /// Closes all streams of a user on every node, in one project or in all, with `revoked`: its clients do not come back by
    /// themselves.
    ///
    /// - Returns: how many there were, and the nodes that did not answer.
    public func revoke(_ user: UserID, in project: ProjectID? = nil) async -> (closed: Int, silentNodes: [String]) {
        var question = NodeQuestion(.revoke)
        question.user = user.rawValue
        question.project = project?.rawValue
        let outcome = await registrar.ask(question)
        return (outcome.answers.reduce(0) { $0 + ($1.closed ?? 0) }, outcome.silent)
    }

    /// Calls `forget` on this node each time that a user's streams are closed with ``revoke(_:in:)``, whichever node was
    /// asked: what is remembered of the user's rights, in the project or in all, does not hold any more. It is called
    /// before the streams are closed, and must not block.
    public func whenRevoked(_ forget: @escaping @Sendable (_ user: UserID, _ project: ProjectID?) -> Void) {
        registrar.eventLoop.perform { [registrar] in registrar.revocationObservers.append(forget) }
    }
}
