/// Why the hub cannot give a stream everything: the `reason` of a `gap` frame.
public enum GapReason: String, Sendable {
    /// The relay was away, and what was published meanwhile is lost.
    case relayReconnected = "relay_reconnected"
    /// The stream read too slowly, and the tail went on without it.
    case tailOverrun = "tail_overrun"
    /// The stream asked to resume after an id from which this node cannot go on.
    case cursorNotFound = "cursor_not_found"
}
