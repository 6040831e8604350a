/// A pub/sub channel of the relay: one channel of one project, or a channel in every project (a broadcast).
///
/// On the wire it is `<channel>:<project>` or `<channel>`, behind `<prefix>:` where a hub has a prefix of its own.
public struct Topic: Hashable, Sendable, CustomStringConvertible {
    public let channel: Channel
    /// `nil` for a broadcast.
    public let project: ProjectID?
    /// Of both names: a topic is made once, and looked up for every message.
    private let digest: Int

    public init(channel: Channel, project: ProjectID?) {
        self.channel = channel
        self.project = project
        var hasher = Hasher()
        hasher.combine(channel)
        hasher.combine(project)
        digest = hasher.finalize()
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// The name without a prefix, as it stands in Redis.
    public var name: String {
        if let project { "\(channel.name):\(project.rawValue)" } else { channel.name }
    }

    /// The name in Redis behind `prefix`, if there is one.
    public func name(prefix: String?) -> String {
        if let prefix { "\(prefix):\(name)" } else { name }
    }

    public var description: String { name }
}
