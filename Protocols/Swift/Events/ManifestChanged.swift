/// `manifest.changed` on `pending-changes`, also sent as `manifest_changed`: files of a project changed. Ephemeral.
public struct ManifestChanged: PublishableEvent, Equatable {
    public static let eventName = "manifest.changed"
    public static let aliases = ["manifest_changed"]
    public static let channel = Channel.pendingChanges

    public var projectFolder: String
    public var timestamp: Timestamp
    /// What changed, relative to the folder; absent where the service does not say.
    public var paths: [String]?

    enum CodingKeys: String, CodingKey {
        case projectFolder = "project_folder"
        case timestamp, paths
    }

    public init(projectFolder: String, timestamp: Timestamp, paths: [String]? = nil) {
        self.projectFolder = projectFolder
        self.timestamp = timestamp
        self.paths = paths
    }
}
