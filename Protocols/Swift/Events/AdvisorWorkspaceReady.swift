/// `advisor.workspace_ready` on `advisor`: the advisor can begin to work on the project. Ephemeral.
public struct AdvisorWorkspaceReady: PublishableEvent, Equatable {
    public static let eventName = "advisor.workspace_ready"
    public static let channel = Channel.advisor

    /// The pairing of project and advisor.
    public var matchID: Identifier
    public var advisorID: Identifier
    public var projectID: String
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case matchID = "matchId"
        case advisorID = "advisorId"
        case projectID = "projectId"
        case timestamp
    }

    public init(matchID: Identifier, advisorID: Identifier, projectID: String, timestamp: Timestamp) {
        self.matchID = matchID
        self.advisorID = advisorID
        self.projectID = projectID
        self.timestamp = timestamp
    }
}
