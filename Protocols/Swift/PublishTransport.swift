/// A way to hand events to a hub: HTTP (`TributaryClient`) or Redis (`TributaryRedis`).
public protocol PublishTransport: Sendable {
    /// Publishes one event. May be called from any task.
    ///
    /// - Returns: what the hub assigned.
    /// - Throws: an error of the transport when the event was refused or could not be sent; nothing is retried here.
    func publish(_ event: Event) async throws -> PublishReceipt

    /// Ends the transport's connections; it cannot be used afterwards.
    func shutdown() async
}

/// A hub's answer to a publish.
public struct PublishReceipt: Equatable, Sendable, Codable {
    /// The event's id, if it has one.
    public var id: UInt64?
    /// True if the same `client_msg_id` had been published before, and nothing was published now.
    public var duplicate: Bool

    public init(id: UInt64?, duplicate: Bool) {
        self.id = id
        self.duplicate = duplicate
    }
}
