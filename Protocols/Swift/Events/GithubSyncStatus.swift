/// `github-sync.status` on `github-sync`, also sent as `github-sync`: how a sync is getting on. Ephemeral.
public struct GithubSyncStatus: PublishableEvent, Equatable {
    public static let eventName = "github-sync.status"
    public static let aliases = ["github-sync"]
    public static let channel = Channel.githubSync

    /// The sync's state, such as `syncing`, `synced` or `failed`.
    public var status: String
    public var projectID: String?
    /// `owner/name`.
    public var repository: String?
    public var branch: String?
    /// The newest commit that both sides have.
    public var commit: String?
    /// For people to read.
    public var message: String?
    public var timestamp: Timestamp?

    enum CodingKeys: String, CodingKey {
        case status
        case projectID = "projectId"
        case repository, branch, commit, message, timestamp
    }

    public init(
        status: String,
        projectID: String? = nil,
        repository: String? = nil,
        branch: String? = nil,
        commit: String? = nil,
        message: String? = nil,
        timestamp: Timestamp? = nil
    ) {
        self.status = status
        self.projectID = projectID
        self.repository = repository
        self.branch = branch
        self.commit = commit
        self.message = message
        self.timestamp = timestamp
    }
}
