/// `typing.stop` on `chat`: a user has stopped typing. Ephemeral.
public struct TypingStop: PublishableEvent, Equatable {
    public static let eventName = "typing.stop"
    public static let channel = Channel.chat

    public var userID: String
    public var projectID: String?
    /// What the user is to the project, such as `client`.
    public var userType: String?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case userID = "userId"
        case projectID = "projectId"
        case userType = "user_type"
        case timestamp
    }

    public init(userID: String, projectID: String? = nil, userType: String? = nil, timestamp: Timestamp? = nil) {
        self.userID = userID
        self.projectID = projectID
        self.userType = userType
        self.timestamp = timestamp
    }
}
