/// `presence.snapshot` on `presence`: everybody who is there. Replaces what was known before. Ephemeral.
public struct PresenceSnapshot: PublishableEvent, Equatable {
    public static let eventName = "presence.snapshot"
    public static let channel = Channel.presence

    /// One of those who are there.
    public struct Member: Codable, Equatable, Sendable {
        public var userID: String
        public var status: PresenceState
        /// When the user last did something.
        public var lastSeen: Timestamp?

        enum CodingKeys: String, CodingKey {
            case userID = "userId"
            case status
            case lastSeen = "last_seen"
        }

        public init(userID: String, status: PresenceState, lastSeen: Timestamp? = nil) {
            self.userID = userID
            self.status = status
            self.lastSeen = lastSeen
        }
    }

    public var projectID: String
    public var users: [Member]
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case projectID = "projectId"
        case users, timestamp
    }

    public init(projectID: String, users: [Member], timestamp: Timestamp) {
        self.projectID = projectID
        self.users = users
        self.timestamp = timestamp
    }
}
