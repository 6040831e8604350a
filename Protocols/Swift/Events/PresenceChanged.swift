/// `presence.changed` on `presence`: a user came, went or fell silent. Ephemeral.
public struct PresenceChanged: PublishableEvent, Equatable {
    public static let eventName = "presence.changed"
    public static let channel = Channel.presence

    public var userID: String
    public var status: PresenceState
    /// What the user is to the project, such as `client`: the hub's word, never the user's own.
    public var userType: String?
    public var projectID: String?
    /// When the user last did something.
    public var lastSeen: Timestamp?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case status
        case userType = "user_type"
        case projectID = "projectId"
        case lastSeen = "last_seen"
        case timestamp
    }

    public init(
        userID: String,
        status: PresenceState,
        userType: String? = nil,
        projectID: String? = nil,
        lastSeen: Timestamp? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.userID = userID
        self.status = status
        self.userType = userType
        self.projectID = projectID
        self.lastSeen = lastSeen
        self.timestamp = timestamp
    }
}
