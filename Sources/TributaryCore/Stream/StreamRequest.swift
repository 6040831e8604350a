import NIOCore
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
    /// The stream's name, chosen by the hub.
    public var id = ConnectionID()
    /// Nobody said who the user is: its name is the other side's address. No limit per user holds, and nobody is told of it.
    public var isAnonymous = false
    /// What the user is to the project: the hub's own word, in presence.
    public var userType = "client"
    /// The other side's address, without its port.
    public var address: String?
    /// What the client says it is, at most 256 bytes.
    public var userAgent: String?
    /// How long it may stay open without another look at its user.
    public var lease = StreamLease()
    /// When somebody began to judge it: what was revoked since then is revoked for it too.
    public var judgedSince = NIODeadline.now()

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
