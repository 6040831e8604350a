/// `plan.approved` on `chat`: a user wants the plan carried out. Ephemeral.
public struct PlanApproved: PublishableEvent, Equatable {
    public static let eventName = "plan.approved"
    public static let channel = Channel.chat

    public var planID: Identifier
    public var projectID: String
    /// Who approved it.
    public var userID: String
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case planID = "planId"
        case projectID = "projectId"
        case userID = "userId"
        case timestamp
    }

    public init(planID: Identifier, projectID: String, userID: String, timestamp: Timestamp) {
        self.planID = planID
        self.projectID = projectID
        self.userID = userID
        self.timestamp = timestamp
    }
}
