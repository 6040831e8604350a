import TributaryProtocol

/// What an admitted subscriber asked for; every value has been checked.
public struct StreamRequest: Sendable {
    public var user: UserID
    public var project: ProjectID
    public var channels: ChannelSet
    public var clientInstance: ClientInstanceID?
    /// Silence after which the stream gets a heartbeat, in milliseconds: 5,000–60,000.
    public var heartbeatMilliseconds: Int
    /// `heartbeat=event`: an event that JavaScript can see, in place of a comment.
    public var heartbeatIsEvent: Bool
    public var cursor: StreamCursor

    public init(
        user: UserID,
        project: ProjectID = .default,
        channels: ChannelSet,
        clientInstance: ClientInstanceID? = nil,
        heartbeatMilliseconds: Int = 25_000,
        heartbeatIsEvent: Bool = false,
        cursor: StreamCursor = .live
    ) {
        self.user = user
        self.project = project
        self.channels = channels
        self.clientInstance = clientInstance
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.heartbeatIsEvent = heartbeatIsEvent
        self.cursor = cursor
    }
}

/// Where a stream begins.
public enum StreamCursor: Equatable, Sendable {
    /// With what comes next.
    case live
    /// After this id, exclusive; 0 is the oldest kept.
    case after(UInt64)
    /// A `Last-Event-ID` header that is no number: the stream opens, and is told that it could not resume.
    case unreadable
}
