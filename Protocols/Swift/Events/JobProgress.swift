/// `job.progress` on `jobs`: how far a job is. Ephemeral: a newer one replaces it.
public struct JobProgress: PublishableEvent, Equatable {
    public static let eventName = "job.progress"
    public static let channel = Channel.jobs

    /// The job.
    public var id: Identifier
    /// 0 to 100.
    public var progress: Double
    /// What kind of work the job does.
    public var taskType: String?
    /// The job's state in its service's own words.
    public var status: String?
    /// For people to read.
    public var message: String?
    public var projectID: String?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case id, progress
        case taskType = "task_type"
        case status, message
        case projectID = "project_id"
        case timestamp
    }

    public init(
        id: Identifier,
        progress: Double,
        taskType: String? = nil,
        status: String? = nil,
        message: String? = nil,
        projectID: String? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.id = id
        self.progress = progress
        self.taskType = taskType
        self.status = status
        self.message = message
        self.projectID = projectID
        self.timestamp = timestamp
    }
}
