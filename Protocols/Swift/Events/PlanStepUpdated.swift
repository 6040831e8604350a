/// `plan.step_updated` on `chat`: one step of a plan changed. Ephemeral.
public struct PlanStepUpdated: PublishableEvent, Equatable {
    public static let eventName = "plan.step_updated"
    public static let channel = Channel.chat

    public var planID: Identifier
    public var projectID: String
    public var step: PlanStep
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case planID = "planId"
        case projectID = "projectId"
        case step, timestamp
    }

    public init(planID: Identifier, projectID: String, step: PlanStep, timestamp: Timestamp) {
        self.planID = planID
        self.projectID = projectID
        self.step = step
        self.timestamp = timestamp
    }
}
