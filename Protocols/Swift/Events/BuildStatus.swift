/// `build.status` on `chat`: how a build is getting on. Ephemeral.
public struct BuildStatus: PublishableEvent, Equatable {
    public static let eventName = "build.status"
    public static let channel = Channel.chat

    /// The four states of a build.
    public enum Status: String, Codable, Sendable, CaseIterable {
        case queued
        case inProgress = "in_progress"
        case completed, failed
    }

    public var status: Status
    public var buildID: Identifier?
    public var projectID: String?
    /// 0 to 100.
    public var progress: Double?
    /// For people to read.
    public var message: String?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case status
        case buildID = "build_id"
        case projectID = "projectId"
        case progress, message, timestamp
    }

    public init(
        status: Status,
        buildID: Identifier? = nil,
        projectID: String? = nil,
        progress: Double? = nil,
        message: String? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.status = status
        self.buildID = buildID
        self.projectID = projectID
        self.progress = progress
        self.message = message
        self.timestamp = timestamp
    }
}
