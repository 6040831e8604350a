/// `plan.created` on `chat`: there is a plan to look at. Ephemeral.
public struct PlanCreated: PublishableEvent, Equatable {
    public static let eventName = "plan.created"
    public static let channel = Channel.chat

    public var planID: Identifier
    public var projectID: String
    public var title: String
    /// In the order of work.
    public var steps: [PlanStep]
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case planID = "planId"
        case projectID = "projectId"
        case title, steps, timestamp
    }

    public init(planID: Identifier, projectID: String, title: String, steps: [PlanStep], timestamp: Timestamp) {
        self.planID = planID
        self.projectID = projectID
        self.title = title
        self.steps = steps
        self.timestamp = timestamp
    }
}
