/// `heartbeat`, the hub's own: the stream is alive. Only with `heartbeat=event`; otherwise it is a comment.
public struct Heartbeat: TypedEvent, Equatable {
    public static let eventName = "heartbeat"

    public var timestamp: Timestamp

    public init(timestamp: Timestamp) {
        self.timestamp = timestamp
    }
}
