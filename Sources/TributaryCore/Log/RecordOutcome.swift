import TributaryProtocol

/// What became of a ``HeardEvent``.
public enum RecordOutcome: Sendable, Equatable {
    /// It is in the log now.
    case appended(Placement)
    /// It was in the log before, here; with the log's epoch, 0 where the log does not say it.
    case duplicate(LogPosition, epoch: UInt64)
    /// The hub owns the project's ids, so this one counts for nothing.
    case ownerMismatch
}
