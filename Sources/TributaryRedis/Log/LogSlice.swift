import NIOCore
import TributaryCore
import TributaryProtocol

/// What one channel's log holds after a place: all of it, or its beginning.
struct LogSlice {
    let entries: [LogEntry]
    let hasMore: Bool

    init(entries: [LogEntry], hasMore: Bool) {
        self.entries = entries
        self.hasMore = hasMore
    }

    /// Reads the answer to `XRANGE`.
    init(_ reply: RESPValue, channel: TributaryProtocol.Channel, count: Int) {
        let elements = reply.array ?? []
        entries = elements.compactMap { LogEntry($0, channel: channel) }
        hasMore = elements.count >= count
    }

    /// Merges the channels' slices into the log's order.
    static func page(_ slices: [LogSlice], start: LogPosition, limit: Int, state: LogState) -> LogPage {
        // Behind the end of a slice that has more, its channel's next event may stand before another's.
        let horizon = slices.filter(\.hasMore).compactMap(\.entries.last?.position).min()
        let all = slices.flatMap(\.entries)
            .filter { entry in horizon.map { entry.position <= $0 } ?? true }
            .sorted { $0.position < $1.position }
        let isLast = horizon == nil && all.count <= limit
        let entries = Array(all.prefix(limit))
        let end = isLast ? state.head : entries.last?.position ?? start
        return LogPage(entries: entries, start: start, end: end, isLast: isLast, state: state)
    }
}

extension LogEntry {
    /// `[place, [e, envelope, t, ms, i, id]]`; the last two of a late arrival only. `nil` for what is not the library's.
    fileprivate init?(_ element: RESPValue, channel: TributaryProtocol.Channel) {
        guard let parts = element.array, parts.count == 2, case .bulkString(let place) = parts[0],
            let position = LogPosition(place.readableBytesView), let fields = parts[1].array, fields.count >= 4,
            case .bulkString(let envelope) = fields[1], let time = fields[3].integer
        else { return nil }
        let late = fields.count >= 6 ? fields[5].integer.flatMap { UInt64(exactly: $0) } : nil
        guard let id = EventID(late ?? position.high) else { return nil }
        self.init(
            channel: channel, id: id, position: position, envelope: envelope, timestamp: UInt64(clamping: time))
    }
}
