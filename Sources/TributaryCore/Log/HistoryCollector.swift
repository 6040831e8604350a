import NIOCore
import TributaryProtocol

/// Makes a page of history of what the log has: decides which entries a reader may see, when the page is full, and whether
/// more stands behind it. It reads nothing itself.
struct HistoryCollector {
    /// 4 MiB of data: what a browser parses in a moment. A single event may go beyond.
    static let maximumBytes = 4 << 20
    /// 200 entries of the log at a time, so that an answer that others' private events fill costs little memory.
    private static let readSize = 200

    private let request: HistoryRequest
    private let channels: [TributaryProtocol.Channel]
    private let maximumBytes: Int
    private var bytes = 0
    /// Of the first page that was read.
    private var epoch: UInt64?
    private(set) var page = HistoryPage()
    /// Where to read on; `nil` once the page is complete.
    private(set) var cursor: LogCursor?

    /// - Parameter channels: those that the request names.
    init(
        _ request: HistoryRequest, channels: [TributaryProtocol.Channel], maximumBytes: Int = Self.maximumBytes
    ) {
        self.request = request
        self.channels = channels
        self.maximumBytes = maximumBytes
        cursor = .id(request.after)
    }

    /// How many entries to read next: one beyond what the page takes, to know whether there is more.
    var readLimit: Int { min(Self.readSize, request.limit - page.events.count + 1) }

    /// Takes what the log has behind ``cursor``.
    mutating func take(_ read: LogPage) {
        guard let cursor else { return }
        let isFirst = epoch == nil
        page.latest = EventID(read.state.head.high)
        if let missing = missing(in: read, behind: cursor) {
            // Between two reads something was trimmed. The next request is told, as it begins after the last event here.
            guard isFirst || page.events.isEmpty else { return complete(more: true) }
            page.gap = missing
        }
        epoch = read.state.epoch
        for entry in read.entries {
            guard let event = event(entry) else { continue }
            let size = event.data.readableBytes
            guard page.events.count < request.limit, page.events.isEmpty || bytes + size <= maximumBytes else {
                return complete(more: true)
            }
            bytes += size
            page.events.append(event)
        }
        // A log that is not at its end gives at least one entry.
        guard !read.isLast, !read.entries.isEmpty else { return complete(more: false) }
        self.cursor = .position(read.end)
    }

    private mutating func complete(more: Bool) {
        page.more = more
        cursor = nil
    }

    private func missing(in read: LogPage, behind cursor: LogCursor) -> HistoryPage.Missing? {
        if let epoch, epoch != read.state.epoch { return HistoryPage.Missing(from: request.after + 1, to: nil) }
        guard
            case .missing(let from, let to) = read.state.recovery(after: cursor, start: read.start, channels: channels)
        else { return nil }
        return HistoryPage.Missing(from: from, to: to)
    }

    /// `nil` for what is for another user, and for an envelope that nobody could read.
    private func event(_ entry: LogEntry) -> HistoryEvent? {
        let envelope = entry.envelope.withUnsafeReadableBytes { try? Envelope.scan($0) }
        guard let envelope, envelope.recipient.map({ $0 == request.user }) ?? true,
            let data = entry.envelope.getSlice(
                at: entry.envelope.readerIndex + envelope.data.lowerBound, length: envelope.data.count
            )
        else { return nil }
        return HistoryEvent(
            id: entry.id, channel: entry.channel.name, name: envelope.event.rawValue, data: data,
            timestamp: Instant(milliseconds: entry.timestamp).iso8601
        )
    }
}
