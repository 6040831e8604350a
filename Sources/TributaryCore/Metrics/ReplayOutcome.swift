/// How a replay ended for a stream that resumed: a label in `/metrics`.
package enum ReplayOutcome: String, Sendable, CaseIterable {
    /// The stream got all that it had missed.
    case complete
    /// It got the limit; `GET /history` has the rest.
    case limited
    /// The log no longer had all of it, or could not tell.
    case incomplete
    /// The log could not be read, so that nothing was replayed, or no more.
    case failed
    /// What the client resumed from was no id.
    case unreadable
    /// The connection ended first.
    case abandoned
}
