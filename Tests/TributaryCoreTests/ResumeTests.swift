import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// What a stream with a cursor gets, and in which order.
@Suite struct ResumeTests: ResumeFixtures {
    // MARK: The order on the wire

    @Test func `a replay stands between connected and what comes live, under its own name`() throws {
        let node = try node(with: 3)
        try node.publish("jobs", "job.started", id: 4)
        node.bring()
        let (_, sink) = try node.open("chat", "jobs", cursor: .after(1))
        try node.publish(5...5)
        node.bring()
        let events = try sink.events()
        // What has no replay name in the catalog is replayed under its own.
        let names = ["connected", "message.replay", "message.replay", "job.started", "replay.end", "message.new"]
        #expect(events.map(\.event) == names)
        #expect(events.map(\.id) == [nil, "2", "3", "4", nil, "5"])
        #expect(events[1].data == "\"message.new\"")
        let connected = try #require(try sink.events(named: "connected").first)
        #expect(connected["from_seq"] as? Int == 1)
        #expect(connected["latest_seq"] as? Int == 4)
        #expect(connected["recovered"] as? Bool == true)
        #expect(try end(sink) == "4: 3 of 3, more: false")
        #expect(try sink.events(named: "replay.end").first?["projectId"] as? String == "p1")
    }

    @Test func `the gap of what cannot be replayed comes before the replay`() throws {
        let node = try node(with: 9)
        node.log.trim(try Channel("chat"), of: .p1, keeping: 2)
        let (_, sink) = try node.open("chat", cursor: .after(3))
        #expect(try sink.summary() == ["connected", "gap", "8", "9", "replay.end"])
        #expect(try sink.gaps() == ["cursor_not_found 4...7"])
        #expect(try sink.events(named: "connected").first?["recovered"] as? Bool == false)
        #expect(try end(sink) == "9: 2 of 2, more: false")
    }

    @Test func `a cursor that is no number is told, and the stream is live`() throws {
        let node = try node(with: 3)
        let (_, sink) = try node.open("chat", cursor: .unreadable)
        try node.publish(4...4)
        node.bring()
        #expect(try sink.summary() == ["connected", "gap", "4"])
        #expect(try sink.events(named: "connected").first?["recovered"] as? Bool == false)
        #expect(try sink.gaps() == ["cursor_not_found"])
    }

    @Test func `a late id is found by who saw a higher one`() throws {
        let node = try node(with: 0)
        for id: UInt64 in [3, 9, 5, 10] { try node.publish("chat", "message.new", id: id) }
        #expect(try node.open("chat", cursor: .after(9)).sink.ids() == [5, 10])
        // Who stands at the late one has all that came before it.
        #expect(try node.open("chat", cursor: .after(5)).sink.ids() == [10])
    }

    @Test func `a replay has the stream's channels and no others`() throws {
        let node = try node(with: 2)
        try node.publish("jobs", "job.started", id: 3)
        #expect(try node.open("jobs", cursor: .after(1)).sink.ids() == [3])
        #expect(try node.open("presence", cursor: .after(1)).sink.ids() == [])
    }

    // MARK: Numbers

    @Test(arguments: [
        (missed: 0, text: "0: 0 of 0, more: false"), (missed: 1, text: "1: 1 of 1, more: false"),
        (missed: 63, text: "63: 63 of 63, more: false"), (missed: 64, text: "64: 64 of 64, more: false"),
        (missed: 65, text: "65: 65 of 65, more: false"), (missed: 200, text: "200: 200 of 200, more: false"),
    ])
    func `up to the limit everything is replayed`(missed: Int, text: String) throws {
        let node = try node(with: UInt64(missed))
        let (_, sink) = try node.open("chat", cursor: .after(0))
        #expect(try sink.ids() == (0..<missed).map { UInt64($0 + 1) })
        #expect(try end(sink) == text)
        #expect(try sink.gaps() == [])
    }

    @Test(arguments: [201, 500]) func `over the limit the rest is counted, and told by a gap`(missed: Int) throws {
        let node = try node(with: UInt64(missed))
        let (_, sink) = try node.open("chat", cursor: .after(0))
        #expect(try sink.ids() == Array(1...200))
        #expect(try end(sink) == "200: 200 of \(missed), more: true")
        #expect(try sink.gaps() == ["replay_limit 201...\(missed)"])
        #expect(try sink.events().suffix(2).map(\.event) == ["replay.end", "gap"])
        // It is recovered: nothing of it is lost.
        #expect(try sink.events(named: "connected").first?["recovered"] as? Bool == true)
        try node.publish(UInt64(missed + 1)...UInt64(missed + 1))
        node.bring()
        #expect(try sink.ids().last == UInt64(missed + 1))
    }

    @Test func `more than ten thousand are not counted`() throws {
        let node = try node(with: 10_000) { $0.replayLimit = 3 }
        try node.publish("jobs", "job.started", id: 10_001)
        try node.publish("jobs", "job.started", id: 10_002)
        let (_, sink) = try node.open("chat", "jobs", cursor: .after(0))
        // Eight pages a turn.
        node.advance(milliseconds: 100)
        #expect(try end(sink) == "3: 3 of 10000, more: true")
        #expect(try sink.gaps() == ["replay_limit 4...10002"])
    }

    @Test func `a replay that the count's own limit ends says that there is more`() throws {
        let node = try node(with: 10_000) { $0.replayLimit = 10_000 }
        for id in 10_001...10_300 as ClosedRange<UInt64> { try node.publish("jobs", "job.started", id: id) }
        let (_, sink) = try node.open("chat", "jobs", cursor: .after(0))
        node.advance(milliseconds: 200)
        #expect(try end(sink) == "10000: 10000 of 10000, more: true")
        #expect(try sink.gaps() == ["replay_limit 10001...10300"])
    }

    @Test func `a replay that may be larger than the count goes on to its end`() throws {
        let node = try node(with: 10_000) { $0.replayLimit = 20_000 }
        for id in 10_001...10_300 as ClosedRange<UInt64> { try node.publish("jobs", "job.started", id: id) }
        let (_, sink) = try node.open("chat", "jobs", cursor: .after(0))
        node.advance(milliseconds: 200)
        #expect(try sink.ids() == Array(1...10_300))
        #expect(try end(sink) == "10300: 10300 of 10000, more: false")
        #expect(try sink.gaps() == [])
    }

    @Test func `private events of others are neither replayed nor counted`() throws {
        let node = try node(with: 2) { $0.replayLimit = 3 }
        try node.publish(3...4, to: "u2")
        try node.publish(5...5, to: "u1")
        try node.publish(6...7, to: "u2")
        let one = try node.open("chat", user: "u1", cursor: .after(0)).sink
        #expect(try one.ids() == [1, 2, 5])
        #expect(try end(one) == "5: 3 of 3, more: false")
        #expect(try one.gaps() == [])
        let other = try node.open("chat", user: "u2", cursor: .after(0)).sink
        #expect(try other.ids() == [1, 2, 3])
        #expect(try end(other) == "3: 3 of 6, more: true")
        #expect(try node.delivered("chat") == 6)
    }

    @Test func `an event that nobody can read is neither replayed nor counted`() throws {
        let node = try node(with: 1)
        let poison = HeardEvent(
            channel: try Channel("chat"), id: try #require(EventID(2)), envelope: ByteBuffer(string: "{poison")
        )
        _ = node.log.record([poison], of: .p1)
        try node.publish(3...3)
        let (_, sink) = try node.open("chat", cursor: .after(0))
        #expect(try sink.ids() == [1, 3])
        #expect(try end(sink) == "3: 2 of 2, more: false")
    }

    // MARK: Cursors of another life

    @Test func `a cursor of the log's future is told, and not guessed at`() throws {
        let node = try node(with: 3)
        let (_, sink) = try node.open("chat", cursor: .after(50))
        #expect(try sink.summary() == ["connected", "gap", "replay.end"])
        #expect(try sink.gaps() == ["cursor_not_found 51..."])
        try node.publish(4...4)
        node.bring()
        // It does not wait until the log has reached 50.
        #expect(try sink.ids() == [4])
    }

    @Test func `a cursor without a log is told`() throws {
        let node = try node(with: 0)
        let (_, sink) = try node.open("chat", cursor: .after(5))
        #expect(try sink.summary() == ["connected", "gap", "replay.end"])
        #expect(try sink.events(named: "connected").first?["recovered"] as? Bool == false)
        try node.publish("chat", "message.new", id: 1)
        node.bring()
        #expect(try sink.ids() == [1])
    }

    @Test func `a wiped log is told, and replays all that it has`() throws {
        let node = try node(with: 3)
        node.log.removeAll()
        node.listenElsewhere()
        try node.publish(10...11)
        let (_, sink) = try node.open("chat", cursor: .after(2))
        #expect(try sink.summary() == ["connected", "gap", "10", "11", "replay.end"])
        #expect(try sink.gaps() == ["cursor_not_found 3...9"])
        try node.publish(12...12)
        node.bring()
        #expect(try sink.ids() == [10, 11, 12])
    }

    @Test func `who has heard more than its node gets nothing twice`() throws {
        let node = try node(with: 1)
        let live = try node.open("chat").sink
        try node.publish(2...6)
        // Another node has delivered up to 4 already.
        let (_, sink) = try node.open("chat", user: "u2", cursor: .after(4))
        node.bring()
        #expect(try live.ids() == [2, 3, 4, 5, 6])
        #expect(try sink.ids() == [5, 6])
        #expect(try sink.gaps() == [])
        try node.publish(7...7)
        node.bring()
        #expect(try sink.ids() == [5, 6, 7])
    }

    @Test func `who has heard more than its node gets nothing twice, of a log that the node has not seen begin`() throws
    {
        let node = try node(with: 0)
        let live = try node.open("chat").sink
        try node.publish(1...6)
        let (_, sink) = try node.open("chat", user: "u2", cursor: .after(4))
        node.bring()
        // It waits a moment for its node to learn of the log.
        node.advance(milliseconds: 1_000)
        #expect(try live.ids() == [1, 2, 3, 4, 5, 6])
        #expect(try sink.ids() == [5, 6])
    }

    @Test func `a log that is wiped between two pages is told, and the new one is read from its beginning`() throws {
        let node = try node(with: 150)
        _ = try node.open("chat", user: "u2")
        node.access.holdsAnswers = true
        let (_, sink) = try node.open("chat", cursor: .after(0))
        node.access.answer(1)
        node.log.removeAll()
        node.listenElsewhere()
        try node.publish(300...310)
        node.access.answerAll()
        node.bring()
        node.advance(milliseconds: 4_000)
        #expect(try sink.ids() == Array(1...64) + Array(300...310))
        let gaps = try sink.events(named: "gap")
        #expect(gaps.contains { ($0["from"] as? Int).map { $0 <= 65 } == true && $0["to"] == nil })
        try node.publish(311...311)
        node.bring()
        #expect(try sink.ids().last == 311)
    }
}
