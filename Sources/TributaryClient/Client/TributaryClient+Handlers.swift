import TributaryProtocol

extension TributaryClient {
    /// Calls `handler` for each event of a type, under whichever of its names it comes, replays included.
    ///
    /// Data that does not decode reaches ``onError(_:)`` instead. The hub's own events have types as well: `Gap.self`
    /// tells of a loss, `ReplayEnd.self` of the end of a replay.
    ///
    /// - Returns: what ends the registration; it may be ignored.
    @discardableResult
    public func on<Event: TypedEvent>(
        _ type: Event.Type, _ handler: @escaping @Sendable (Received<Event>) async -> Void
    ) -> Subscription {
        dispatcher.add(type) {
            await handler($0)
            return true
        }
    }

    /// Calls `handler` for every event, of known and unknown types, the hub's own included.
    @discardableResult
    public func onEveryEvent(_ handler: @escaping @Sendable (StreamEvent) async -> Void) -> Subscription {
        dispatcher.addForEvery {
            await handler($0)
            return true
        }
    }

    /// Calls `handler` for everything that goes wrong: data that does not decode, with its raw text, and each reason
    /// for which a connection was lost or could not be made. None of it ends the client, unless its case says so.
    @discardableResult
    public func onError(_ handler: @escaping @Sendable (TributaryClientError) async -> Void) -> Subscription {
        dispatcher.addForErrors(handler)
    }

    /// Calls `handler` for each change of ``status``, in order, none left out.
    @discardableResult
    public func onStatusChange(_ handler: @escaping @Sendable (ConnectionStatus) async -> Void) -> Subscription {
        dispatcher.addForStatuses(handler)
    }
}
