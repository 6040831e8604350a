/// `plan.updated` on `chat`: a plan changed; what is absent stayed as it was. Ephemeral.
public struct PlanUpdated: PublishableEvent, Equatable {
    public static let eventName = "plan.updated"
    public static let channel = Channel.chat

    public var planID: Identifier
    public var projectID: String
    public var title: String?
    /// All of them, in the order of work.
    public var steps: [PlanStep]?
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case planID = "planId"
        case projectID = "projectId"
        case title, steps, timestamp
    }

    public init(
        planID: Identifier,
        projectID: String,
        title: String? = nil,
        steps: [PlanStep]? = nil,
        timestamp: Timestamp
    ) {
        self.planID = planID
        self.projectID = projectID
        self.title = title
        self.steps = steps
        self.timestamp = timestamp
    }
}
