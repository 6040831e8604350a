/// Why the hub cannot give a stream everything: the `reason` of a `gap` frame.
public enum GapReason: String, Sendable, CaseIterable {
    /// The relay was away, and what was published meanwhile without an id is lost.
    case relayReconnected = "relay_reconnected"
    /// The stream read too slowly, and the tail went on without it; what has no id is lost.
    case tailOverrun = "tail_overrun"
    /// The stream asked to resume after an id from which the log cannot go on.
    case cursorNotFound = "cursor_not_found"
    /// The stream missed more than is replayed; `GET /history` has the rest.
    case replayLimit = "replay_limit"
    /// The log no longer has what went missing.
    case logTrimmed = "log_trimmed"
    /// The log began anew, as after a Redis was wiped.
    case logReset = "log_reset"
    /// The log could not be read in time.
    case logUnavailable = "log_unavailable"
}
