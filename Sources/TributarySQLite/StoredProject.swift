import TributaryCore
import TributaryProtocol

/// A project's log in memory, and what of it stands in the file.
struct StoredProject {
    /// `nil` until something of it has been written.
    var row: Int64?
    var log: ProjectLog
    /// When it was last asked for, in microseconds since 1970.
    var usedAt: UInt64
    /// Channels whose rows are not as the log is.
    var changed: Set<Int> = []
    /// Up to where each channel's events are gone from the file.
    var trimmed: [LogPosition?]

    init(row: Int64? = nil, log: ProjectLog, usedAt: UInt64) {
        self.row = row
        self.log = log
        self.usedAt = usedAt
        trimmed = log.channels.map(\.floor)
    }

    /// Somebody listens, so that it has to stay in memory: the file doesn't know who.
    var isListenedTo: Bool { log.channels.contains { !$0.listeners.isEmpty } }
}
