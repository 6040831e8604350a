import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryCore

@Suite struct TailTests {
    private let chat = ChannelSet(index: 0)
    private let jobs = ChannelSet(index: 1)

    /// A segment with one frame of ten bytes.
    private func segment(
        _ audience: Audience = .channel(0), at position: LogPosition? = nil, missing: MissingIDs? = nil
    ) throws -> Segment {
        var builder = SegmentBuilder()
        builder.append(for: audience, at: position, missing: missing) { $0.writeString("0123456789") }
        return try #require(builder.seal().first)
    }

    private func logged(_ high: UInt64) throws -> Segment { try segment(at: LogPosition(high: high)) }

    /// A tail for two segments of ten bytes.
    private func tail() -> Tail { Tail(byteLimit: 20, frameLimit: 100) }

    private func append(_ segment: Segment, to tail: inout Tail, log: UInt64 = 0) {
        tail.append([segment], isNeeded: true, log: LogPosition(high: log))
    }

    @Test func `while nobody is behind a tail holds nothing, and goes on all the same`() throws {
        var tail = tail()
        tail.append([try logged(1), try logged(2)], isNeeded: false, log: .start)
        #expect(tail.start == 2)
        #expect(tail.end == 2)
        #expect(tail.byteCount == 0)
    }

    @Test func `it keeps the newest segments within its bounds, and always one`() throws {
        var tail = tail()
        for number in UInt64(1)...5 { append(try logged(number), to: &tail) }
        #expect(tail.start == 3)
        #expect(tail.end == 5)
        #expect(tail.byteCount == 20)
        #expect(tail[3].lastPosition == LogPosition(high: 4))
        var few = Tail(byteLimit: 1_000, frameLimit: 3)
        for number in UInt64(1)...5 { append(try logged(number), to: &few) }
        #expect(few.start == 2)
        var tiny = Tail(byteLimit: 1, frameLimit: 100)
        for number in UInt64(1)...5 { append(try logged(number), to: &tiny) }
        #expect(tiny.start == 4)
        #expect(tiny.byteCount == 10)
    }

    @Test func `it begins in the log where its first segment does, and moves on with what it drops`() throws {
        var tail = tail()
        append(try logged(5), to: &tail, log: 4)
        #expect(tail.startInLog == LogPosition(high: 4))
        append(try logged(6), to: &tail, log: 5)
        #expect(tail.startInLog == LogPosition(high: 4))
        append(try logged(7), to: &tail, log: 6)
        #expect(tail.startInLog == LogPosition(high: 5))
        // What is in no log has no place there.
        append(try segment(), to: &tail, log: 7)
        append(try segment(), to: &tail, log: 7)
        append(try segment(), to: &tail, log: 7)
        #expect(tail.startInLog == LogPosition(high: 7))
    }

    @Test func `a segment that was dropped takes its beginning back to no earlier place of the same log`() throws {
        var tail = tail()
        append(try logged(5), to: &tail, log: 9)
        append(try logged(6), to: &tail, log: 9)
        append(try logged(11), to: &tail, log: 9)
        #expect(tail.startInLog == LogPosition(high: 9))
    }

    @Test func `a log that begins anew takes all that the tail holds, as if it had been dropped`() throws {
        var tail = tail()
        append(try logged(50), to: &tail, log: 49)
        append(try segment(.channel(1)), to: &tail, log: 50)
        tail.restart()
        #expect(tail.start == 2 && tail.end == 2)
        #expect(tail.byteCount == 0)
        #expect(tail.startInLog == .start)
        #expect(tail.lost(since: 0, of: [chat, jobs]) == jobs)
        #expect(tail.lost(since: 2, of: [chat, jobs]) == [])
        // Places of the new log may be lower.
        append(try logged(2), to: &tail, log: 1)
        #expect(tail.startInLog == LogPosition(high: 1))
        #expect(tail.start == 2)
    }

    @Test func `a tail that was empty begins where the log was read to`() throws {
        var tail = tail()
        append(try logged(5), to: &tail, log: 4)
        tail.clear()
        #expect(tail.start == tail.end)
        #expect(tail.byteCount == 0)
        append(try logged(9), to: &tail, log: 8)
        #expect(tail.startInLog == LogPosition(high: 8))
        #expect(tail.start == 1)
    }

    // MARK: What is lost

    @Test func `only what no log has is lost with a segment`() throws {
        var tail = tail()
        append(try logged(1), to: &tail)
        append(try segment(.channel(1)), to: &tail)
        for number in UInt64(2)...5 { append(try logged(number), to: &tail) }
        #expect(tail.lost(since: 0, of: [chat, jobs]) == jobs)
        #expect(tail.lost(since: 1, of: [chat, jobs]) == jobs)
        #expect(tail.lost(since: 0, of: chat) == [])
        // Who had read it lost nothing, though the tail has gone on.
        #expect(tail.lost(since: 2, of: [chat, jobs]) == [])
    }

    @Test func `who is still in the tail has lost nothing`() throws {
        var tail = tail()
        for _ in 0..<5 { append(try segment(), to: &tail) }
        #expect(tail.start == 3)
        #expect(tail.lost(since: 2, of: chat) == chat)
        #expect(tail.lost(since: 3, of: chat) == [])
        #expect(tail.lost(since: 5, of: chat) == [])
    }

    @Test func `private events and notices are lost as others are`() throws {
        var tail = tail()
        append(try segment(.user(try UserID("u1"), channel: 0)), to: &tail)
        append(try segment(.streams([chat, jobs])), to: &tail)
        for number in UInt64(1)...3 { append(try logged(number), to: &tail) }
        #expect(tail.lost(since: 0, of: [chat, jobs]) == [chat, jobs])
        #expect(tail.lost(since: 1, of: jobs) == jobs)
        #expect(tail.lost(since: 2, of: [chat, jobs]) == [])
    }

    @Test func `what a lost gap spoke of is still known, of whatever log`() throws {
        var tail = tail()
        append(try segment(.streams(chat), missing: MissingIDs(from: 40, to: nil)), to: &tail, log: 49)
        tail.restart()
        #expect(tail.lostMissing(since: 0) == MissingIDs(from: 40, to: nil))
        #expect(tail.lostMissing(since: 1) == nil)
        append(try segment(.streams(chat), missing: MissingIDs(from: 3, to: 5)), to: &tail)
        append(try logged(1), to: &tail)
        #expect(tail.lostMissing(since: 1) == nil)
        append(try logged(2), to: &tail, log: 1)
        #expect(tail.lostMissing(since: 0) == MissingIDs(from: 3, to: nil))
        #expect(tail.lostMissing(since: 1)?.from == 3)
        #expect(tail.lostMissing(since: 2) == nil)
        tail.clear()
        #expect(tail.lostMissing(since: 0) == nil)
        #expect(tail.lost(since: 0, of: chat) == [])
    }

    @Test func `missing ids are told in one range`() {
        #expect(MissingIDs(from: 3, to: 5).union(MissingIDs(from: 9, to: 11)) == MissingIDs(from: 3, to: 11))
        #expect(MissingIDs(from: 9, to: nil).union(MissingIDs(from: 3, to: 5)) == MissingIDs(from: 3, to: nil))
        #expect(MissingIDs(from: 3, to: 11).union(MissingIDs(from: 4, to: 5)) == MissingIDs(from: 3, to: 11))
        // A range ends no earlier than it begins.
        #expect(MissingIDs(from: 7, to: 2).to == 7)
    }
}
