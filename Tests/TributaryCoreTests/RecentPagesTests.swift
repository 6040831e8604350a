import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryCore

@Suite struct RecentPagesTests {
    private let catalog: Catalog
    private let chat: ChannelSet
    private let begin = NIODeadline.uptimeNanoseconds(1)

    init() throws {
        catalog = try Catalog.bundled()
        chat = ChannelSet(index: try #require(catalog.index(of: "chat")))
    }

    private func request(_ id: UInt64) -> LogReader.Request {
        LogReader.Request(project: .p1, channels: chat, cursor: .id(id), isReplay: true)
    }

    /// A page of one event with as much data.
    private func page(_ id: UInt64, byteCount: Int = 2) throws -> ReplayPage {
        let data = "\"" + String(repeating: "x", count: byteCount - 2) + "\""
        let position = LogPosition(high: id)
        let entry = LogEntry(
            channel: try Channel("chat"), id: try #require(EventID(id)), position: position,
            envelope: ByteBuffer(string: #"{"event":"message.new","data":\#(data)}"#), timestamp: 0
        )
        let page = LogPage(entries: [entry], start: .start, end: position, isLast: true, state: LogState())
        return ReplayPage(page, catalog: catalog, isReplay: true)
    }

    @Test func `a page is kept for a moment`() throws {
        var pages = RecentPages()
        pages.keep(try page(1), for: request(0), at: begin)
        let end = begin + RecentPages.lifetime
        #expect(pages.nextExpiry == end)
        #expect(pages.page(for: request(0), at: end - .nanoseconds(1))?.isLast == false)
        #expect(pages.page(for: request(1), at: begin) == nil)
        #expect(pages.page(for: request(0), at: end) == nil)
        pages.removeExpired(at: end)
        #expect(pages.nextExpiry == nil)
        #expect(pages.byteCount == 0)
    }

    @Test func `a newer page takes the place of the one before`() throws {
        var pages = RecentPages()
        pages.keep(try page(1), for: request(0), at: begin)
        let size = pages.byteCount
        let later = begin + .milliseconds(100)
        pages.keep(try page(2), for: request(0), at: later)
        #expect(pages.byteCount == size)
        let now = begin + RecentPages.lifetime
        pages.removeExpired(at: now)
        #expect(pages.page(for: request(0), at: now)?.segments.first?.frames.first?.id?.rawValue == 2)
        pages.removeExpired(at: later + RecentPages.lifetime)
        #expect(pages.byteCount == 0)
    }

    @Test func `they are kept within their bytes, the newest of them`() throws {
        var pages = RecentPages()
        for id in UInt64(1)...9 { pages.keep(try page(id, byteCount: 1 << 20), for: request(id), at: begin) }
        #expect(pages.byteCount <= RecentPages.byteLimit)
        #expect((1...9).filter { pages.page(for: request($0), at: begin) != nil } == [7, 8, 9])
        pages.keep(try page(10, byteCount: RecentPages.byteLimit), for: request(10), at: begin)
        #expect(pages.page(for: request(10), at: begin) == nil)
        #expect(pages.page(for: request(9), at: begin) != nil)
    }
}
