/// `server_close`, the hub's own: the last frame of a stream that the hub ends on purpose.
public struct ServerClose: TypedEvent, Equatable {
    public static let eventName = "server_close"

    /// Why the hub ended the stream. Open: a newer hub may know more reasons.
    public struct Reason: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The same client instance opened a newer stream.
        public static let replaced = Reason(rawValue: "replaced")
        /// The user has more streams than the limit allows.
        public static let evicted = Reason(rawValue: "evicted")
        /// The node is shutting down.
        public static let draining = Reason(rawValue: "draining")
        /// The client read nothing for 30 s.
        public static let slowConsumer = Reason(rawValue: "slow_consumer")
        /// The user may not read any more.
        public static let revoked = Reason(rawValue: "revoked")
        /// The token ran out: come back with a new one.
        public static let authExpired = Reason(rawValue: "auth_expired")
        /// The stream is as old as the hub lets streams get.
        public static let maxAge = Reason(rawValue: "max_age")
    }

    public var reason: Reason
    /// Whether the client is to come back by itself.
    public var reconnect: Bool
    /// How long it waits before.
    public var retryMilliseconds: Int
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case reason, reconnect
        case retryMilliseconds = "retry_ms"
        case timestamp
    }

    public init(reason: Reason, reconnect: Bool, retryMilliseconds: Int, timestamp: Timestamp) {
        self.reason = reason
        self.reconnect = reconnect
        self.retryMilliseconds = retryMilliseconds
        self.timestamp = timestamp
    }
}
