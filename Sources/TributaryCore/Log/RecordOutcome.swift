import TributaryProtocol

/// What became of a ``HeardEvent``.
public enum RecordOutcome: Sendable, Equatable {
    /// It is in the log now.
    case appended(Placement)
    /// It was in the log before, here.
    case duplicate(LogPosition)
    /// The hub owns the project's ids, so this one counts for nothing.
    case ownerMismatch
}
