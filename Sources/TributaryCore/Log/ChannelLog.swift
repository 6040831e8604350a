import DequeModule
import struct NIOCore.ByteBuffer
import TributaryProtocol

/// The durable events of one channel of a project.
package struct ChannelLog: Sendable {
    package let retention: Retention
    /// In the order of their positions.
    package private(set) var entries: Deque<LogEntry> = []
    /// Of the entries' envelopes.
    package private(set) var bytes = 0
    /// The newest event, trimmed or not.
    package private(set) var last: EventID?
    package private(set) var lastPosition = LogPosition.start
    /// The newest event that was trimmed.
    package private(set) var floor: LogPosition?
    /// Where the log stood when somebody began to listen and nobody had before.
    package var lapse: LogPosition?
    package var listeners: Set<String> = []

    /// When the oldest entry came, in milliseconds since 1970.
    package var oldest: UInt64? { entries.first?.timestamp }

    package init(retention: Retention) {
        self.retention = retention
    }

    /// What was kept elsewhere; the entries follow by ``append(_:)``. Nobody listens yet: the next one who does marks a
    /// lapse.
    package init(retention: Retention, last: EventID?, lastPosition: LogPosition, floor: LogPosition?) {
        self.init(retention: retention)
        self.last = last
        self.lastPosition = lastPosition
        self.floor = floor
    }

    /// - Parameter entry: stands behind all others.
    package mutating func append(_ entry: LogEntry) {
        entries.append(entry)
        bytes += entry.envelope.readableBytes
        last = entry.id
        lastPosition = entry.position
    }

    /// The index of the first entry behind a position.
    package func firstIndex(after position: LogPosition) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].position > position { high = middle } else { low = middle + 1 }
        }
        return low
    }

    package func contains(_ position: LogPosition) -> Bool { entry(at: position) != nil }

    package func entry(at position: LogPosition) -> LogEntry? {
        let index = firstIndex(after: position)
        return index > 0 && entries[index - 1].position == position ? entries[index - 1] : nil
    }

    /// Takes the oldest entry out if a bound is passed.
    /// - Parameter now: microseconds since 1970.
    package mutating func trimFirst(now: UInt64) -> LogEntry? {
        guard let first = entries.first, isOver(first, now: now) else { return nil }
        return removeFirst()
    }

    package mutating func removeFirst() -> LogEntry? {
        guard let entry = entries.popFirst() else { return nil }
        bytes -= entry.envelope.readableBytes
        floor = entry.position
        return entry
    }

    private func isOver(_ first: LogEntry, now: UInt64) -> Bool {
        let milliseconds = now / 1_000
        let age = milliseconds > first.timestamp ? milliseconds - first.timestamp : 0
        return entries.count > retention.count || bytes > retention.bytes
            || age / 1_000 >= UInt64(retention.ageSeconds)
    }

    /// - Parameter hearsAll: every event goes through the log, so that nobody has to listen for it.
    package func state(hearsAll: Bool) -> LogState.ChannelState? {
        let state = LogState.ChannelState(
            last: last,
            lastPosition: last == nil ? nil : lastPosition,
            floor: floor,
            lapse: hearsAll ? nil : lapse
        )
        return state == LogState.ChannelState() ? nil : state
    }
}
