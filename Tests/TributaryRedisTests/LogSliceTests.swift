import NIOCore
import Testing
import TributaryCore
import TributaryProtocol

@testable import TributaryRedis

@Suite struct LogSliceTests {
    private func entry(_ channel: TributaryProtocol.Channel, _ id: UInt64) throws -> LogEntry {
        LogEntry(
            channel: channel, id: try #require(EventID(id)), position: LogPosition(high: id), envelope: ByteBuffer(),
            timestamp: 0)
    }

    private func slice(_ channel: TributaryProtocol.Channel, _ ids: [UInt64], more: Bool = false) throws -> LogSlice {
        LogSlice(entries: try ids.map { try entry(channel, $0) }, hasMore: more)
    }

    private func page(_ slices: [LogSlice], limit: Int = 10) -> LogPage {
        LogSlice.page(slices, start: .start, limit: limit, state: LogState(head: LogPosition(high: 99)))
    }

    @Test func `slices are merged by place, and the last page ends at the head`() throws {
        let page = page([try slice(.chat, [1, 4, 6]), try slice(.jobs, [2, 3, 7])])
        #expect(page.entries.map(\.id.rawValue) == [1, 2, 3, 4, 6, 7])
        #expect(page.isLast)
        #expect(page.end == LogPosition(high: 99))
    }

    @Test func `a page ends where a channel may go on before another's next event`() throws {
        let page = page([try slice(.chat, [1, 4], more: true), try slice(.jobs, [2, 3, 7])])
        #expect(page.entries.map(\.id.rawValue) == [1, 2, 3, 4])
        #expect(!page.isLast)
        #expect(page.end == LogPosition(high: 4))
    }

    @Test func `a page holds no more than asked for, and says that there is more`() throws {
        let cut = page([try slice(.chat, [1, 4]), try slice(.jobs, [2])], limit: 2)
        #expect(cut.entries.map(\.id.rawValue) == [1, 2])
        #expect(!cut.isLast)
        #expect(cut.end == LogPosition(high: 2))
        #expect(page([try slice(.chat, [1, 4]), try slice(.jobs, [2])], limit: 3).isLast)
    }

    @Test func `reads beyond the bound wait, and those for the same are done once`() throws {
        var queue = ReadQueue<Int>(maximumRunning: 2)
        func request(_ id: UInt64) throws -> ReadQueue<Int>.Request {
            ReadQueue<Int>.Request(project: try ProjectID("p"), channels: [.chat], cursor: .id(id), limit: 1)
        }
        for waiter in 0..<6 { queue.enqueue(try request(UInt64(waiter % 3)), waiter) }
        #expect(queue.dequeue()?.waiters == [0, 3])
        // Whoever comes while the same is being read must not get what was read before.
        queue.enqueue(try request(0), 6)
        #expect(queue.dequeue()?.waiters == [1, 4])
        #expect(queue.dequeue()?.waiters == nil)
        queue.finished()
        #expect(queue.dequeue()?.waiters == [2, 5])
        queue.finished()
        #expect(queue.dequeue()?.waiters == [6])
        queue.finished()
        #expect(queue.dequeue()?.waiters == nil)
    }
}
