import TributaryProtocol

/// Which sharded channels are to be subscribed at which master: decides, and subscribes nothing itself.
struct ShardPlan {
    /// By project, the topics that somebody wants.
    private var topics: [ProjectID: Set<Topic>] = [:]
    private let prefix: String?

    init(prefix: String?) {
        self.prefix = prefix
    }

    init(_ topics: [Topic], prefix: String?) {
        self.init(prefix: prefix)
        for topic in topics { insert(topic) }
    }

    mutating func insert(_ topic: Topic) {
        if let project = topic.project { topics[project, default: []].insert(topic) }
    }

    /// - Returns: true if nobody wants anything of the topic's project any more.
    mutating func remove(_ topic: Topic) -> Bool {
        guard let project = topic.project, topics[project]?.remove(topic) != nil else { return false }
        guard topics[project]?.isEmpty == true else { return false }
        topics[project] = nil
        return true
    }

    /// For each master the names it has to be asked for: the topics', and each project's name of the session.
    func names(session: String, map: SlotMap) -> [RedisHost: Set<String>] {
        var names: [RedisHost: Set<String>] = [:]
        for (project, topics) in topics {
            guard let host = map.owner(of: HashSlot.of(project.rawValue)) else { continue }
            names[host, default: []].insert(Self.session(session, of: project))
            names[host, default: []].formUnion(topics.map { $0.shardName(prefix: prefix) })
        }
        return names
    }

    /// Where the library looks whether a listener to the project lives.
    static func session(_ session: String, of project: ProjectID) -> String { "\(session):{\(project.rawValue)}" }
}

extension Topic {
    /// `chat:{p1}`: a channel of a cluster's shard, in the slot of the project's keys. A broadcast has its plain name.
    func shardName(prefix: String?) -> String {
        guard let project else { return name(prefix: prefix) }
        return "\(prefix.map { $0 + ":" } ?? "")\(channel.name):{\(project.rawValue)}"
    }
}
