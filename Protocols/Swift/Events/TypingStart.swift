/// `typing.start` on `chat`: a user begins to type. Ephemeral.
public struct TypingStart: PublishableEvent, Equatable {
    public static let eventName = "typing.start"
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
