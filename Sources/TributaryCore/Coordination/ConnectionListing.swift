/// Streams as an operator sees them; the coding keys are the names in the answers.
public struct ConnectionListing: Sendable, Codable, Equatable {
    /// One open stream.
    public struct Connection: Sendable, Codable, Equatable {
        public var connectionID: String
        public var userID: String
        public var projectID: String
        public var clientInstanceID: String?
        public var node: String
        public var channels: [String]
        public var address: String?
        public var userAgent: String?
        /// ISO 8601.
        public var connectedAt: String
        /// `opening`, `live`, or `behind` while its socket takes nothing or it reads the log.
        public var state: String
        /// Everything durable up to this id has been handed to it, in the log's order.
        public var cursor: UInt64?

        enum CodingKeys: String, CodingKey {
            case connectionID = "connection_id"
            case userID = "user_id"
            case projectID = "project_id"
            case clientInstanceID = "client_instance_id"
            case node, channels, address
            case userAgent = "user_agent"
            case connectedAt = "connected_at"
            case state, cursor
        }
    }

    /// The oldest first.
    public var connections: [Connection] = []
    public var count = 0
    /// There are more than were asked for.
    public var more = false
    /// Nodes that did not answer in time.
    public var silentNodes: [String] = []

    enum CodingKeys: String, CodingKey {
        case connections, count, more
        case silentNodes = "silent_nodes"
    }

    public init() {}
}
