/// `advisor.matched` on `advisor`: an advisor was found for the project. Ephemeral.
public struct AdvisorMatched: PublishableEvent, Equatable {
    public static let eventName = "advisor.matched"
    public static let channel = Channel.advisor

    /// The pairing of project and advisor.
    public var matchID: Identifier
    public var advisorID: Identifier
    public var projectID: String
    /// Whose project it is.
    public var userID: String?
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case matchID = "matchId"
        case advisorID = "advisorId"
        case projectID = "projectId"
        case userID = "userId"
        case timestamp
    }

    public init(
        matchID: Identifier,
        advisorID: Identifier,
        projectID: String,
        userID: String? = nil,
        timestamp: Timestamp
    ) {
        self.matchID = matchID
        self.advisorID = advisorID
        self.projectID = projectID
        self.userID = userID
        self.timestamp = timestamp
    }
}
