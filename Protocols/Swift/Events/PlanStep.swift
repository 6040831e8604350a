/// One step of a plan.
public struct PlanStep: Codable, Sendable, Equatable {
    public var id: Identifier
    public var title: String
    /// The step's state, such as `pending`, `in_progress` or `completed`.
    public var status: String?

    public init(id: Identifier, title: String, status: String? = nil) {
        self.id = id
        self.title = title
        self.status = status
    }
}
