/// `gap`, the hub's own: the stream does not have everything; something was lost, or left out. Fetch the state of these channels
/// anew.
public struct Gap: TypedEvent, Equatable {
    public static let eventName = "gap"

    /// Why something was lost. Open: a newer hub may know more reasons.
    public struct Reason: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The node had lost its relay, and what was published meanwhile without an id.
        public static let relayReconnected = Reason(rawValue: "relay_reconnected")
        /// The stream was read too slowly, and the hub did not keep what has no id for it.
        public static let tailOverrun = Reason(rawValue: "tail_overrun")
        /// The hub cannot go on from the cursor that the request named.
        public static let cursorNotFound = Reason(rawValue: "cursor_not_found")
        /// More was missed than the hub replays; `GET /history` has the rest. `TributaryClient` gets it from there.
        public static let replayLimit = Reason(rawValue: "replay_limit")
        /// The log no longer has what went missing.
        public static let logTrimmed = Reason(rawValue: "log_trimmed")
        /// The log began anew.
        public static let logReset = Reason(rawValue: "log_reset")
        /// The log could not be read in time.
        public static let logUnavailable = Reason(rawValue: "log_unavailable")
    }

    public var projectID: String
    public var channels: [String]
    public var reason: Reason
    /// What arrived behind the cursor `from - 1` may be missing; `nil` where only events without ids are.
    public var from: UInt64?
    /// The last id that may be missing; `nil` where nobody knows it.
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
