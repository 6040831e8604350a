/// `plan.rejected` on `chat`: a user does not want the plan carried out. Ephemeral.
public struct PlanRejected: PublishableEvent, Equatable {
    public static let eventName = "plan.rejected"
    public static let channel = Channel.chat

    public var planID: Identifier
    public var projectID: String
    /// Who rejected it.
    public var userID: String
    /// In the words of the user.
    public var reason: String?
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case planID = "planId"
        case projectID = "projectId"
        case userID = "userId"
        case reason, timestamp
    }

    public init(planID: Identifier, projectID: String, userID: String, reason: String? = nil, timestamp: Timestamp) {
        self.planID = planID
        self.projectID = projectID
        self.userID = userID
        self.reason = reason
        self.timestamp = timestamp
    }
}
