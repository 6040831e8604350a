/// `job.completed` on `jobs`, also sent as `job_completed`: a job has done its work. Durable.
public struct JobCompleted: PublishableEvent, Equatable {
    public static let eventName = "job.completed"
    public static let aliases = ["job_completed"]
    public static let channel = Channel.jobs

    /// The job.
    public var id: Identifier
    /// What kind of work the job does.
    public var taskType: String
    /// The job's state in its service's own words.
    public var status: String
    /// What the job made, in the form of its task type.
    public var result: JSONValue?
    public var projectID: String?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case id
        case taskType = "task_type"
        case status, result
        case projectID = "project_id"
        case timestamp
    }

    public init(
        id: Identifier,
        taskType: String,
        status: String,
        result: JSONValue? = nil,
        projectID: String? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.id = id
        self.taskType = taskType
        self.status = status
        self.result = result
        self.projectID = projectID
        self.timestamp = timestamp
    }
}
