/// `gap`, the hub's own: it lost something that it cannot replay. Fetch the state of these channels anew.
public struct Gap: TypedEvent, Equatable {
    public static let eventName = "gap"

    /// Why something was lost. Open: a newer hub may know more reasons.
    public struct Reason: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The node had lost its relay, and what was published meanwhile.
        public static let relayReconnected = Reason(rawValue: "relay_reconnected")
        /// The stream was read too slowly, and the hub keeps no more for it.
        public static let tailOverrun = Reason(rawValue: "tail_overrun")
        /// The hub cannot go on from the cursor that the request named.
        public static let cursorNotFound = Reason(rawValue: "cursor_not_found")
    }

    public var projectID: String
    public var channels: [String]
    public var reason: Reason
    /// The first id that may be missing, where the hub knows it.
    public var from: UInt64?
    /// The last id that may be missing, where the hub knows it.
    public var to: UInt64?
    public var timestamp: Timestamp

    enum CodingKeys: String, CodingKey {
        case projectID = "project_id"
        case channels, reason, from, to, timestamp
    }

    public init(
        projectID: String,
        channels: [String],
        reason: Reason,
        from: UInt64? = nil,
        to: UInt64? = nil,
        timestamp: Timestamp
    ) {
        self.projectID = projectID
        self.channels = channels
        self.reason = reason
        self.from = from
        self.to = to
        self.timestamp = timestamp
    }
}
