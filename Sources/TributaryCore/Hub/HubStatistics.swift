/// A moment's figures of a hub; the coding keys are the names in `/stats`.
public struct HubStatistics: Sendable, Codable {
    public struct Streams: Sendable, Codable {
        public var open = 0
        public var openedTotal: UInt64 = 0
        public var closedTotal: [String: UInt64] = [:]
        /// Streams whose socket takes nothing at the moment.
        public var slow = 0

        enum CodingKeys: String, CodingKey {
            case open
            case openedTotal = "opened_total"
            case closedTotal = "closed_total"
            case slow
        }
    }

    public struct Channel: Sendable, Codable {
        public var streams = 0
        public var publishedTotal: UInt64 = 0
        public var deliveredTotal: UInt64 = 0
        public var deliveredBytesTotal: UInt64 = 0

        enum CodingKeys: String, CodingKey {
            case streams
            case publishedTotal = "published_total"
            case deliveredTotal = "delivered_total"
            case deliveredBytesTotal = "delivered_bytes_total"
        }
    }

    public struct Relay: Sendable, Codable {
        public var kind = ""
        public var connected = false
        public var subscriptions = 0
        public var receivedTotal: UInt64 = 0
        public var rejectedTotal: [String: UInt64] = [:]
        public var reconnectsTotal: UInt64 = 0

        enum CodingKeys: String, CodingKey {
            case kind, connected, subscriptions
            case receivedTotal = "received_total"
            case rejectedTotal = "rejected_total"
            case reconnectsTotal = "reconnects_total"
        }
    }

    /// What the nodes know of each other's streams.
    public struct Registry: Sendable, Codable {
        public var kind = ""
        /// Whether it could be reached the last time.
        public var available = false
        /// Streams that lost their place, by reason, as this node was told when it let others in.
        public var displacedTotal: [String: UInt64] = [:]
        /// Streams that were not let in, by reason.
        public var refusedTotal: [String: UInt64] = [:]
        /// Streams that were let in while it could not be asked.
        public var unregisteredTotal: UInt64 = 0

        enum CodingKeys: String, CodingKey {
            case kind, available
            case displacedTotal = "displaced_total"
            case refusedTotal = "refused_total"
            case unregisteredTotal = "unregistered_total"
        }
    }

    public struct Memory: Sendable, Codable {
        public var rssBytes = 0
        public var tailBytes = 0

        enum CodingKeys: String, CodingKey {
            case rssBytes = "rss_bytes"
            case tailBytes = "tail_bytes"
        }
    }

    public var node = ""
    public var version = ""
    public var uptimeSeconds: Double = 0
    public var pid = 0
    public var streams = Streams()
    public var users = 0
    public var projects = 0
    public var channels: [String: Channel] = [:]
    public var relay = Relay()
    public var registry = Registry()
    public var memory = Memory()

    enum CodingKeys: String, CodingKey {
        case node, version
        case uptimeSeconds = "uptime_s"
        case pid, streams, users, projects, channels, relay, registry, memory
    }

    public init() {}
}

extension HubStatistics {
    /// Adds another node's figures. Users and projects that both nodes have count twice.
    mutating func add(_ other: HubStatistics) {
        streams.open += other.streams.open
        streams.slow += other.streams.slow
        streams.openedTotal += other.streams.openedTotal
        streams.closedTotal.merge(other.streams.closedTotal, uniquingKeysWith: +)
        users += other.users
        projects += other.projects
        for (name, channel) in other.channels {
            var sum = channels[name] ?? Channel()
            sum.streams += channel.streams
            sum.publishedTotal += channel.publishedTotal
            sum.deliveredTotal += channel.deliveredTotal
            sum.deliveredBytesTotal += channel.deliveredBytesTotal
            channels[name] = sum
        }
        relay.kind = other.relay.kind
        relay.connected = relay.connected || other.relay.connected
        relay.subscriptions += other.relay.subscriptions
        relay.receivedTotal += other.relay.receivedTotal
        relay.rejectedTotal.merge(other.relay.rejectedTotal, uniquingKeysWith: +)
        relay.reconnectsTotal += other.relay.reconnectsTotal
        registry.kind = other.registry.kind
        registry.available = registry.available || other.registry.available
        registry.displacedTotal.merge(other.registry.displacedTotal, uniquingKeysWith: +)
        registry.refusedTotal.merge(other.registry.refusedTotal, uniquingKeysWith: +)
        registry.unregisteredTotal += other.registry.unregisteredTotal
        memory.rssBytes += other.memory.rssBytes
        memory.tailBytes += other.memory.tailBytes
        uptimeSeconds = max(uptimeSeconds, other.uptimeSeconds)
    }
}
