import TributaryProtocol

/// An open stream as all nodes know it.
public struct RegisteredStream: Equatable, Sendable {
    public var id: ConnectionID
    public var owner: StreamOwner
    public var instance: ClientInstanceID?
    /// The name of the node that it is open on.
    public var node: String
    /// By name, in the catalog's order.
    public var channels: [String]
    /// At most 256 bytes of what the client said of itself.
    public var userAgent: String?
    /// In microseconds since 1970, by the registry's clock.
    public var connectedAt: UInt64
    /// When its node last said that it is open, in microseconds since 1970, by the registry's clock.
    public var refreshedAt: UInt64

    public init(
        id: ConnectionID, owner: StreamOwner, instance: ClientInstanceID? = nil, node: String, channels: [String],
        userAgent: String? = nil, connectedAt: UInt64 = 0, refreshedAt: UInt64 = 0
    ) {
        self.id = id
        self.owner = owner
        self.instance = instance
        self.node = node
        self.channels = channels
        self.userAgent = userAgent
        self.connectedAt = connectedAt
        self.refreshedAt = refreshedAt
    }
}
