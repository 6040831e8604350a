import TributaryCore
import TributaryProtocol

extension APICall {
    /// Finds a live stream that somebody wants to change, on whichever node it is, and decides whether they may.
    ///
    /// - Parameters:
    ///   - name: the user that the request names.
    ///   - channels: what the stream is to read in addition.
    /// - Throws: `connection_not_found`, whoever asks, for a stream that isn't there and for somebody else's; as
    ///   ``Caller/permit(_:)`` for channels that its user may not read.
    func ownStream(
        _ name: String?, of caller: Caller, channels: ChannelSet, _ hub: Hub
    ) async throws -> (id: ConnectionID, permit: Permit) {
        let stream = try await openStream(hub)
        let isSession = if case .session = caller.identity.kind { true } else { false }
        let isForeign = try !isSession && caller.user(named: name).0 != stream.user
        guard !isForeign || caller.identity.isOperator else { throw Problem.connectionNotFound }
        var demand = Demand(action: .subscribe, project: stream.project, channels: channels, user: name)
        demand.connection = stream.id
        let permit = isForeign ? try caller.permitOperator() : try await caller.permit(demand)
        guard isForeign || permit.user == stream.user else { throw Problem.connectionNotFound }
        return (stream.id, permit)
    }

    /// Finds the live stream of somebody who shows a new credential, on whichever node it is, and decides what that one
    /// allows.
    ///
    /// - Parameter name: the user that the request names.
    /// - Returns: the stream with a permit for those of its channels that it may go on to read, and the others.
    /// - Throws: `nothing_to_renew` for those whose credential ends no stream; `connection_not_found`, whoever asks, for a
    ///   stream that isn't there and for somebody else's; as ``Caller/permit(_:)`` if the credential does not open the
    ///   project, or none of the channels.
    func renewedStream(
        _ name: String?, of caller: Caller, _ hub: Hub
    ) async throws -> (id: ConnectionID, permit: Permit, lost: ChannelSet) {
        switch caller.identity.kind {
        case .anybody, .operator: throw Problem.nothingToRenew
        case .publisher: throw Problem.connectionNotFound
        case .user, .session: break
        }
        let stream = try await openStream(hub)
        if case .user(let user) = caller.identity.kind, user != stream.user { throw Problem.connectionNotFound }
        var demand = Demand(
            action: .subscribe, project: stream.project, channels: stream.channels, takesWhatItMay: true, user: name
        )
        demand.connection = stream.id
        let permit = try await caller.permit(demand)
        guard permit.user == stream.user else { throw Problem.connectionNotFound }
        return (stream.id, permit, stream.channels.subtracting(permit.channels))
    }

    private func openStream(
        _ hub: Hub
    ) async throws -> (id: ConnectionID, user: UserID, project: ProjectID, channels: ChannelSet) {
        guard let id = parameter("connection_id").flatMap({ ConnectionID($0) }), let stream = try await hub.stream(id)
        else { throw Problem.connectionNotFound }
        return (id, stream.user, stream.project, stream.channels)
    }
}
