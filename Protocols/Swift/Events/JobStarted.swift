/// `job.started` on `jobs`, also sent as `job_started`: a job has begun. Durable.
public struct JobStarted: PublishableEvent, Equatable {
    public static let eventName = "job.started"
    public static let aliases = ["job_started"]
    public static let channel = Channel.jobs

    /// The job.
    public var id: Identifier
    /// What kind of work the job does.
    public var taskType: String
    /// The job's state in its service's own words.
    public var status: String
    public var projectID: String?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case id
        case taskType = "task_type"
        case status
        case projectID = "project_id"
        case timestamp
    }

    public init(
        id: Identifier,
        taskType: String,
        status: String,
        projectID: String? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.id = id
        self.taskType = taskType
        self.status = status
        self.projectID = projectID
        self.timestamp = timestamp
    }
}
