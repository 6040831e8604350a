import NIOConcurrencyHelpers
import struct NIOCore.ByteBuffer
import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// What the memory log does beyond the port: it works without waiting, and forgets.
@Suite struct MemoryEventLogTests {
    private let loop = EmbeddedEventLoop()
    private let time = NIOLockedValueBox<UInt64>(1_000_000_000_000_000)
    private let sent = NIOLockedValueBox<[(ByteBuffer, Topic)]>([])
    private let isUp = NIOLockedValueBox(true)

    private static let day: UInt64 = 24 * 3_600 * 1_000_000

    private func log(marksLapses: Bool = true) -> MemoryEventLog {
        MemoryEventLog(
            catalog: EventLogContract.catalog, eventLoop: loop, marksLapses: marksLapses,
            clock: { [time] in time.withLockedValue { $0 } }
        ) { [sent, isUp] payload, topic in
            guard isUp.withLockedValue({ $0 }) else { throw RelayError.unavailable("full") }
            sent.withLockedValue { $0.append((payload, topic)) }
        }
    }

    private func event(
        _ name: String = "message.new", project: String = "p1", id: UInt64? = nil, key: String? = nil
    ) throws -> Event {
        Event(
            channel: .chat, project: try ProjectID(project), name: try EventName(name), data: ByteBuffer(string: "1"),
            id: id.flatMap(EventID.init), clientMessageID: key
        )
    }

    @Test func `an event is published before the call returns`() throws {
        let log = log()
        let receipt = try log.place(event())
        #expect(receipt.id == 1_000_000_000_000_000)
        #expect(try log.place(event()).id == 1_000_000_000_000_001)
        #expect(sent.withLockedValue { $0.count } == 2)
        let page = try log.read([.chat], of: try ProjectID("p1"), after: .id(0), limit: 10).wait()
        #expect(page.entries.map(\.envelope) == sent.withLockedValue { $0.map(\.0) })
    }

    @Test func `what the relay does not take is not in the log, and can be tried again`() throws {
        let log = log()
        isUp.withLockedValue { $0 = false }
        #expect(throws: EventLogError.self) { try log.place(event(id: 7, key: "k")) }
        #expect(log.projectCount == 0)
        isUp.withLockedValue { $0 = true }
        // Not even the owner was decided.
        #expect(try log.place(event(key: "k")).duplicate == false)
        let page = try log.read([.chat], of: try ProjectID("p1"), after: .id(0), limit: 10).wait()
        #expect(page.entries.count == 1)
    }

    @Test func `a clock that goes back gives no id twice`() throws {
        let log = log()
        let first = try #require(try log.place(event()).id)
        time.withLockedValue { $0 -= Self.day }
        #expect(try log.place(event()).id == first + 1)
    }

    @Test func `when ids run out the log says so`() throws {
        let log = log()
        time.withLockedValue { $0 = EventID.maximum }
        #expect(try log.place(event()).id == EventID.maximum)
        #expect(throws: EventLogError.self) { try log.place(event()) }
    }

    @Test func `a project is forgotten when all that it held has expired`() throws {
        let log = log()
        for number in 0..<100 {
            _ = try log.place(event(project: "durable-\(number)"))
            _ = try log.place(event("typing.start", project: "keyed-\(number)", key: "k"))
            _ = try log.place(event("typing.start", project: "ephemeral-\(number)"))
        }
        #expect(log.projectCount == 200)
        time.withLockedValue { $0 += Self.day + 1 }
        log.sweep()
        #expect(log.projectCount == 100)
        // The events are gone after a week, but a reader who comes back is still told that they were there.
        time.withLockedValue { $0 += 7 * Self.day }
        log.sweep()
        let page = try log.read([.chat], of: try ProjectID("durable-0"), after: .id(0), limit: 10).wait()
        #expect(page.entries.isEmpty)
        #expect(page.state.channels[.chat]?.floor != nil)
        #expect(page.state.epoch != 0)
        time.withLockedValue { $0 += 7 * Self.day }
        log.sweep()
        #expect(log.projectCount == 0)
    }

    @Test func `who listens keeps a project, until it leaves`() throws {
        let log = log()
        let project = try ProjectID("p1")
        _ = try log.listen(to: [.chat], of: project, as: "n1").wait()
        #expect(log.projectCount == 1)
        log.sweep()
        #expect(log.projectCount == 1)
        log.leave([.chat], of: project, as: "n1")
        #expect(log.projectCount == 0)
    }

    @Test func `where everything goes through the log there are no lapses`() throws {
        let log = log(marksLapses: false)
        let project = try ProjectID("p1")
        _ = try log.place(event(id: 5))
        let state = try log.listen(to: [.chat], of: project, as: "n1").wait()
        #expect(state.channels[.chat]?.lapse == nil)
    }

    @Test func `late ids are forgotten with their events`() throws {
        let log = log()
        let project = try ProjectID("p1")
        for id in [10, 20, 15, 30, 5] as [UInt64] { _ = try log.place(event(id: id)) }
        func start(_ id: UInt64) throws -> LogPosition {
            try log.read([.chat], of: project, after: .id(id), limit: 1).wait().start
        }
        #expect(try start(15) == LogPosition(high: 20, late: 1))
        log.trim(.chat, of: project, keeping: 1)
        #expect(try start(15) == LogPosition(high: 15))
        #expect(try start(5) == LogPosition(high: 30, late: 1))
        let page = try log.read([.chat], of: project, after: .id(15), limit: 10).wait()
        #expect(page.entries.map(\.id.rawValue) == [5])
        #expect(page.state.channels[.chat]?.floor == LogPosition(high: 30))
    }
}
