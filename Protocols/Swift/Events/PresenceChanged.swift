/// `presence.changed` on `presence`: a user came, went or fell silent. Ephemeral.
public struct PresenceChanged: PublishableEvent, Equatable {
    public static let eventName = "presence.changed"
    public static let channel = Channel.presence

    public var userID: String
    public var status: PresenceState
    public var projectID: String?
    /// When the user last did something.
    public var lastSeen: Timestamp?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case status
        case projectID = "projectId"
        case lastSeen = "last_seen"
        case timestamp
    }

    public init(
        userID: String,
        status: PresenceState,
        projectID: String? = nil,
        lastSeen: Timestamp? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.userID = userID
        self.status = status
        self.projectID = projectID
        self.lastSeen = lastSeen
        self.timestamp = timestamp
    }
}
