/// Why an event did or did not reach a user's streams; the coding keys are the names in the answer of `GET /explain`.
public struct Explanation: Sendable, Codable {
    /// What the log says of the event.
    public struct Logged: Sendable, Codable {
        /// `found`, `trimmed` (no longer kept), `unknown` (there is none with this id), or `unavailable`.
        public var state: String
        public var channel: String?
        public var event: String?
        /// The only user that it is for.
        public var to: String?
        /// In the log's order, as `<high>-<late>`.
        public var position: String?
    }

    /// What one node knows.
    public struct Node: Sendable, Codable {
        public var node: String
        /// Whether it listens to the event's channel.
        public var listens: Bool
        /// Whether it has heard everything up to the event.
        public var received: Bool
        /// How far it has heard the log.
        public var position: String?
        public var streams: [Stream]
        /// The user's streams that ended here lately.
        public var closed: [Closed]
    }

    /// One of the user's open streams.
    public struct Stream: Sendable, Codable {
        public var connectionID: String
        public var channels: [String]
        public var state: String
        /// How far it was handed the log.
        public var position: String?
        /// Whether its channels and its user are the event's.
        public var matches: Bool
        /// `delivered`, `pending`, `not_for_it`, or `before_it_began`.
        public var outcome: String

        enum CodingKeys: String, CodingKey {
            case connectionID = "connection_id"
            case channels, state, position, matches, outcome
        }
    }

    /// A stream that ended.
    public struct Closed: Sendable, Codable {
        public var connectionID: String
        public var channels: [String]
        public var reason: String
        /// ISO 8601.
        public var closedAt: String
        /// How far it had been handed the log.
        public var position: String?

        enum CodingKeys: String, CodingKey {
            case connectionID = "connection_id"
            case channels, reason
            case closedAt = "closed_at"
            case position
        }
    }

    public var userID: String
    public var projectID: String
    public var id: UInt64
    public var logged: Logged
    public var nodes: [Node]
    public var silentNodes: [String]
    /// The answer in one sentence.
    public var summary: String

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case projectID = "project_id"
        case id, logged, nodes
        case silentNodes = "silent_nodes"
        case summary
    }
}
