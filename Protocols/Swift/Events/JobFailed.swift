/// `job.failed` on `jobs`: a job has given up. Durable.
public struct JobFailed: PublishableEvent, Equatable {
    public static let eventName = "job.failed"
    public static let channel = Channel.jobs

    /// Why it did.
    public struct Failure: Codable, Equatable, Sendable {
        /// For people to read.
        public var message: String
        /// For programs to tell failures apart.
        public var code: String?

        public init(message: String, code: String? = nil) {
            self.message = message
            self.code = code
        }
    }

    /// The job.
    public var id: Identifier
    /// What kind of work the job does.
    public var taskType: String
    /// The job's state in its service's own words.
    public var status: String
    public var error: Failure?
    public var projectID: String?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case id
        case taskType = "task_type"
        case status, error
        case projectID = "project_id"
        case timestamp
    }

    public init(
        id: Identifier,
        taskType: String,
        status: String,
        error: Failure? = nil,
        projectID: String? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.id = id
        self.taskType = taskType
        self.status = status
        self.error = error
        self.projectID = projectID
        self.timestamp = timestamp
    }
}
