/// `connected`, the hub's own: the first frame of each stream, without an id.
public struct Connected: TypedEvent, Equatable {
    public static let eventName = "connected"

    /// 1: what the contract describes.
    public var protocolVersion: Int
    /// Names the stream in the hub's logs and API.
    public var connectionID: String
    public var userID: String
    public var projectID: String
    /// What the stream reads, by the catalog's names.
    public var channels: [String]
    /// The event names that the catalog lists for these channels, aliases and replay names included.
    /// A native `EventSource` needs a listener for each; other names may arrive too.
    public var events: [String]
    /// The cursor that the request named; absent for a stream that begins live.
    public var fromSequence: UInt64?
    /// The project's newest id that the node knows; absent where it knows none.
    public var latestSequence: UInt64?
    /// False if something after `from_seq` is missing; a ``Gap`` follows then. True for a stream that begins live.
    public var recovered: Bool
    /// The longest silence of the stream; 2.5 times of it without a byte means that it is dead.
    public var heartbeatMilliseconds: Int
    public var node: String
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case protocolVersion = "protocol"
        case connectionID = "connection_id"
        case userID = "user_id"
        case projectID = "project_id"
        case channels, events
        case fromSequence = "from_seq"
        case latestSequence = "latest_seq"
        case recovered
        case heartbeatMilliseconds = "heartbeat_ms"
        case node, timestamp
    }

    public init(
        protocolVersion: Int,
        connectionID: String,
        userID: String,
        projectID: String,
        channels: [String],
        events: [String],
        fromSequence: UInt64? = nil,
        latestSequence: UInt64? = nil,
        recovered: Bool,
        heartbeatMilliseconds: Int,
        node: String,
        timestamp: Timestamp
    ) {
        self.protocolVersion = protocolVersion
        self.connectionID = connectionID
        self.userID = userID
        self.projectID = projectID
        self.channels = channels
        self.events = events
        self.fromSequence = fromSequence
        self.latestSequence = latestSequence
        self.recovered = recovered
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.node = node
        self.timestamp = timestamp
    }
}
