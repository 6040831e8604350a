import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryCore

/// What a page of history is made of, read by read.
@Suite struct HistoryCollectorTests {
    private let chat = TributaryProtocol.Channel.chat

    private func request(after: UInt64 = 0, limit: Int = 10) throws -> HistoryRequest {
        HistoryRequest(user: try UserID("u1"), channels: ChannelSet(index: 0), after: after, limit: limit)
    }

    private func entry(_ id: UInt64, to user: String? = nil) throws -> LogEntry {
        let recipient = user.map { #","to":{"user":"\#($0)"}"# } ?? ""
        return LogEntry(
            channel: chat, id: try #require(EventID(id)), position: LogPosition(high: id),
            envelope: ByteBuffer(string: #"{"event":"message.new","data":\#(id)\#(recipient)}"#), timestamp: 0
        )
    }

    private func read(
        _ entries: [LogEntry], after start: UInt64, isLast: Bool = true, epoch: UInt64 = 1, floor: UInt64? = nil
    ) throws -> LogPage {
        var state = LogState(epoch: epoch, origin: EventID(1), head: LogPosition(high: 100))
        state.channels[chat] = LogState.ChannelState(floor: floor.map { LogPosition(high: $0) })
        return LogPage(
            entries: entries, start: LogPosition(high: start), end: entries.last?.position ?? LogPosition(high: 100),
            isLast: isLast, state: state
        )
    }

    private func ids(_ collector: HistoryCollector) -> [UInt64] { collector.page.events.map(\.id.rawValue) }

    @Test func `it reads on until one event more than the limit has been seen`() throws {
        var collector = HistoryCollector(try request(limit: 2), channels: [chat])
        #expect(collector.cursor == .id(0) && collector.readLimit == 3)
        collector.take(try read([entry(1), entry(2, to: "u2"), entry(3)], after: 0, isLast: false))
        #expect(collector.cursor == .position(LogPosition(high: 3)) && collector.readLimit == 1)
        collector.take(try read([entry(4, to: "u2")], after: 3, isLast: false))
        collector.take(try read([entry(5, to: "u1")], after: 4, isLast: false))
        #expect(collector.cursor == nil && ids(collector) == [1, 3] && collector.page.more)
        #expect(collector.page.latest == EventID(100) && collector.page.gap == nil)
    }

    @Test func `others' events at the end are not more`() throws {
        var collector = HistoryCollector(try request(limit: 1), channels: [chat])
        collector.take(try read([entry(1), entry(2, to: "u2")], after: 0, isLast: true))
        #expect(collector.cursor == nil && ids(collector) == [1] && !collector.page.more)
    }

    @Test func `a cursor below what is kept is told, with what is kept`() throws {
        var collector = HistoryCollector(try request(after: 3), channels: [chat])
        collector.take(try read([entry(8)], after: 3, floor: 7))
        #expect(collector.page.gap == HistoryPage.Missing(from: 4, to: 7) && ids(collector) == [8])
    }

    @Test func `what is trimmed between two reads is left to the next request`() throws {
        var collector = HistoryCollector(try request(), channels: [chat])
        collector.take(try read([entry(1)], after: 0, isLast: false))
        collector.take(try read([entry(9)], after: 1, floor: 8))
        #expect(collector.cursor == nil && ids(collector) == [1] && collector.page.more && collector.page.gap == nil)
    }

    @Test func `so is a log that began anew`() throws {
        var collector = HistoryCollector(try request(), channels: [chat])
        collector.take(try read([entry(1)], after: 0, isLast: false))
        collector.take(try read([entry(2)], after: 1, epoch: 2))
        #expect(collector.cursor == nil && ids(collector) == [1] && collector.page.more)
    }

    @Test func `before the first event it is told at once`() throws {
        var collector = HistoryCollector(try request(), channels: [chat])
        collector.take(try read([entry(1, to: "u2")], after: 0, isLast: false))
        collector.take(try read([entry(9)], after: 1, floor: 8))
        #expect(collector.page.gap == HistoryPage.Missing(from: 2, to: 8) && ids(collector) == [9])
    }

    @Test func `one event may be larger than a page`() throws {
        var collector = HistoryCollector(try request(), channels: [chat], maximumBytes: 1)
        collector.take(try read([entry(10), entry(11)], after: 0))
        #expect(ids(collector) == [10] && collector.page.more)
    }

    @Test func `a log that gives nothing though it has more ends the page`() throws {
        var collector = HistoryCollector(try request(), channels: [chat])
        collector.take(try read([], after: 0, isLast: false))
        #expect(collector.cursor == nil && !collector.page.more)
    }
}
