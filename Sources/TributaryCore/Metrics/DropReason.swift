/// Why an event that was in order did not reach everybody that it was for: a label in `/metrics`.
package enum DropReason: String, Sendable, CaseIterable {
    /// No stream of the node listens to its channel any more, or yet; once for each event.
    case noListener = "no_listener"
    /// More came than is kept while the log is read, and no log has it; once for each event.
    case heldTooLong = "held_too_long"
    /// A newer event took its place before a slow stream read it; once for each stream.
    case conflated
    /// The connection ended before its socket had taken it; once for each stream.
    case connectionEnded = "connection_ended"
}
