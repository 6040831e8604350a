import TributaryProtocol

/// A part of the log.
public struct LogPage: Sendable, Equatable {
    public var entries: [LogEntry]
    /// Where the cursor stands: the page holds what comes behind it.
    public var start: LogPosition
    /// The page is complete up to here: the place of its last entry, or the log's head if it reached the end.
    public var end: LogPosition
    /// Nothing of these channels stood behind `end` when the page was read.
    public var isLast: Bool
    /// Read in the same moment, so what was trimmed before shows in it.
    public var state: LogState

    public init(entries: [LogEntry], start: LogPosition, end: LogPosition, isLast: Bool, state: LogState) {
        self.entries = entries
        self.start = start
        self.end = end
        self.isLast = isLast
        self.state = state
    }
}
