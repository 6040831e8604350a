/// `plan.completed` on `chat`: every step is done. Ephemeral.
public struct PlanCompleted: PublishableEvent, Equatable {
    public static let eventName = "plan.completed"
    public static let channel = Channel.chat

    public var planID: Identifier
    public var projectID: String
    /// For people to read.
    public var summary: String?
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case planID = "planId"
        case projectID = "projectId"
        case summary, timestamp
    }

    public init(planID: Identifier, projectID: String, summary: String? = nil, timestamp: Timestamp) {
        self.planID = planID
        self.projectID = projectID
        self.summary = summary
        self.timestamp = timestamp
    }
}
