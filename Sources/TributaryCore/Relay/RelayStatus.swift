import NIOCore

/// A moment's view of a relay.
public struct RelayStatus: Equatable, Sendable {
    /// Subscribed and able to publish.
    public var isConnected: Bool
    /// Topics that the relay has been asked for.
    public var subscriptions: Int
    /// Connections made after the first one.
    public var reconnectsTotal: UInt64
    /// The newest failure, for `/readyz` and the log; `nil` while connected.
    public var lastError: String?
    /// When the last probe came back; `nil` if none has, as where there is nothing to be probed.
    public var probedAt: NIODeadline?

    public init(isConnected: Bool, subscriptions: Int = 0, reconnectsTotal: UInt64 = 0, lastError: String? = nil) {
        self.isConnected = isConnected
        self.subscriptions = subscriptions
        self.reconnectsTotal = reconnectsTotal
        self.lastError = lastError
    }
}
