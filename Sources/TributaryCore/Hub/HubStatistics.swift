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
    public var memory = Memory()

    enum CodingKeys: String, CodingKey {
        case node, version
        case uptimeSeconds = "uptime_s"
        case pid, streams, users, projects, channels, relay, memory
    }

    public init() {}
}
