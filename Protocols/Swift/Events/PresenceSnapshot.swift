/// `presence.snapshot` on `presence`: everybody who is there. Replaces what was known before. Ephemeral.
public struct PresenceSnapshot: PublishableEvent, Equatable {
    public static let eventName = "presence.snapshot"
    public static let channel = Channel.presence

    /// One of those who are there.
    public struct Member: Codable, Equatable, Sendable {
        public var userID: String
        public var status: PresenceState
        /// What the user is to the project, such as `client`: the hub's word, never the user's own.
        public var userType: String?
        /// When the user last did something.
        public var lastSeen: Timestamp?

        enum CodingKeys: String, CodingKey {
            case userID = "userId"
            case status
            case userType = "user_type"
            case lastSeen = "last_seen"
        }

        public init(
            userID: String, status: PresenceState, userType: String? = nil, lastSeen: Timestamp? = nil
        ) {
            self.userID = userID
            self.status = status
            self.userType = userType
            self.lastSeen = lastSeen
        }
    }

    public var projectID: String
    public var users: [Member]
    /// There are more than these; `GET /presence` has them all.
    public var more: Bool?
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case projectID = "projectId"
        case users, more, timestamp
    }

    public init(projectID: String, users: [Member], more: Bool? = nil, timestamp: Timestamp) {
        self.projectID = projectID
        self.users = users
        self.more = more
        self.timestamp = timestamp
    }
}
