public import NIOCore

/// A durable event as `GET /history` gives it.
public struct HistoryEvent: Sendable, Equatable {
    public var id: EventID
    /// The channel's own name, whatever alias it was published under.
    public var channel: String
    /// The event's name as it was published, never its replay name.
    public var name: String
    /// One JSON value, as it was published, byte for byte.
    public var data: ByteBuffer
    /// When the log took it, ISO 8601; empty if an answer does not say.
    public var timestamp: String

    public init(id: EventID, channel: String, name: String, data: ByteBuffer, timestamp: String) {
        self.id = id
        self.channel = channel
        self.name = name
        self.data = data
        self.timestamp = timestamp
    }
}
