import TributaryProtocol

/// The handlers of one event type, whichever it is.
protocol AnyTypedHandlers: Sendable {
    var isEmpty: Bool { get }

    func handles(_ name: String) -> Bool

    mutating func remove(_ id: UInt64)

    /// Decodes the event, once for all handlers, and calls them.
    ///
    /// - Returns: whether all of them took it.
    /// - Throws: ``TributaryClientError/undecodable(_:type:cause:)``; then none was called.
    func deliver(_ event: StreamEvent) async throws(TributaryClientError) -> Bool
}

/// The handlers of events that decode as `Event`.
struct TypedHandlers<Event: TypedEvent>: AnyTypedHandlers {
    var handlers = Handlers<Received<Event>>()

    var isEmpty: Bool { handlers.isEmpty }

    func handles(_ name: String) -> Bool { Event.handles(name) }

    mutating func remove(_ id: UInt64) { handlers.remove(id) }

    func deliver(_ event: StreamEvent) async throws(TributaryClientError) -> Bool {
        let data: Event
        do {
            data = try event.decode()
        } catch {
            throw .undecodable(event, type: String(describing: Event.self), cause: error)
        }
        return await handlers.callAll(
            Received(
                data: data,
                name: event.name,
                id: event.id.flatMap { EventID(digits: $0.utf8) },
                isReplay: event.isReplay
            )
        )
    }
}
