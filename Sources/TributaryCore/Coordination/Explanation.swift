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
        /// Where it belongs in its publisher's trace: the `traceparent` that it came with.
        public var traceparent: String?
        /// In the log's order, as `<high>-<late>`.
        public var position: String?
    }

    /// What became of the event for an open stream.
    public enum Outcome: String, Sendable, Codable {
        /// It was handed to the stream's socket.
        case delivered
        /// It will be.
        case pending
        /// The stream, or its subscription to the channel, began after the event.
        case beforeItBegan = "before_it_began"
        /// It is for another user, or on a channel that the stream did not have then.
        case notForIt = "not_for_it"
        /// The stream missed it before it came, and was told by `gap` that `GET /history` has it.
        case leftOut = "left_out"
        /// Where the event stands is not known, or no longer what the stream had then.
        case unknown
    }

    /// What one node knows.
    public struct Node: Sendable, Codable {
        public var node: String
        /// Whether it listens to the event's channel.
        public var listens: Bool
        /// Whether it has heard everything up to the event; `nil` where the log has no such event.
        public var received: Bool?
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
        /// Whether its channels, as they are now, and its user are the event's; `nil` where the log has no such event.
        public var matches: Bool?
        public var outcome: Outcome

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
