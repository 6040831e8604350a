/// `subscribed`, the hub's own: the channels of a live stream were changed.
public struct Subscribed: TypedEvent, Equatable {
    public static let eventName = "subscribed"

    public var connectionID: String
    /// What the stream reads from now on.
    public var channels: [String]
    /// As in `connected`.
    public var events: [String]
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case connectionID = "connection_id"
        case channels, events, timestamp
    }

    public init(connectionID: String, channels: [String], events: [String], timestamp: Timestamp) {
        self.connectionID = connectionID
        self.channels = channels
        self.events = events
        self.timestamp = timestamp
    }
}
