import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// A replay takes its time: events come meanwhile, sockets stall, and the log goes away.
@Suite struct ReplayFlowTests: ResumeFixtures {
    // MARK: While events come

    @Test func `what comes during a replay comes once and after it`() throws {
        let node = try node(with: 300) { $0.replayLimit = 1_000 }
        node.access.holdsAnswers = true
        _ = try node.open("chat", user: "u2")
        let (_, sink) = try node.open("chat", cursor: .after(0))
        node.access.answer(1)
        #expect(try sink.summary() == [])
        var next: UInt64 = 300
        for _ in 0..<20 {
            next += 1
            try node.publish(next...next)
            node.bring()
            node.access.answer(1)
            try node.batch(("chat:p1", #"{"event":"typing.start","data":0}"#))
        }
        node.access.answerAll()
        #expect(try sink.ids() == Array(1...next))
        let summary = try sink.summary()
        let end = try #require(summary.firstIndex(of: "replay.end"))
        #expect(summary.count { $0 == "typing.start" } == 20)
        #expect(summary.firstIndex(of: "typing.start").map { $0 > end } == true)
        #expect(try sink.events(named: "message.replay").count == 300)
    }

    @Test func `what was published before the relay confirmed is in the replay`() throws {
        let node = try node(with: 2)
        node.relay.holdsConfirmations = true
        let (_, sink) = try node.open("chat", cursor: .after(1))
        try node.publish(3...3)
        #expect(sink.text.isEmpty)
        node.relay.held.forEach { $0.succeed() }
        try node.publish(4...4)
        node.bring()
        #expect(try sink.ids() == [2, 3, 4])
        #expect(try sink.gaps() == [])
    }

    @Test func `a stream that resumes waits for the relay, however long`() throws {
        let node = try node(with: 2)
        node.relay.holdsConfirmations = true
        let (_, sink) = try node.open("chat", heartbeat: 5_000, cursor: .after(1))
        let live = try node.open("chat", user: "u2").sink
        node.advance(milliseconds: 4_000)
        #expect(try live.summary() == ["connected"])
        #expect(sink.text.isEmpty)
        node.advance(milliseconds: 4_000)
        // A comment, as it has not begun.
        #expect(sink.text == ": heartbeat\n\n")
        node.relay.held.forEach { $0.succeed() }
        #expect(try sink.summary() == ["connected", "2", "replay.end"])
    }

    @Test func `the log is read after the relay has confirmed`() throws {
        let node = try node(with: 0)
        node.relay.holdsConfirmations = true
        _ = try node.open("chat", cursor: .after(0))
        #expect(node.access.requests == [])
        node.relay.held.forEach { $0.succeed() }
        #expect(node.access.requests.first == .listen(["chat"]))
        #expect(node.access.requests.dropFirst().first == .read(["chat"], after: .id(0), limit: LogReader.pageSize))
    }

    // MARK: Slow sockets

    @Test func `a replay is read no faster than the socket takes it`() throws {
        let node = try node(with: 200)
        let sink = RecordingSink(allowance: 0)
        let (session, _) = try node.open("chat", cursor: .after(0), sink: sink)
        #expect(node.access.readCount == 1)
        try node.publish(201...210)
        node.bring()
        node.advance(milliseconds: 5_000)
        #expect(node.access.readCount == 1)
        #expect(sink.resume())
        sink.stall()
        session.sinkDrained()
        #expect(node.access.readCount == 2)
        while session.state != .live {
            #expect(sink.pendingBytes > 0)
            _ = sink.resume()
            session.sinkDrained()
        }
        #expect(try sink.ids() == Array(1...210))
        #expect(try node.delivered("chat") == 210)
    }

    @Test func `a socket that takes a little at a time gets a whole replay`() throws {
        let node = try node(with: 150)
        let sink = RecordingSink(allowance: 0)
        let (session, _) = try node.open("chat", cursor: .after(0), sink: sink)
        var random = SeededGenerator(seed: 3)
        var next: UInt64 = 150
        for _ in 0..<5_000 where session.state != .live {
            if next < 200, Int.random(in: 0...9, using: &random) == 0 {
                next += 1
                try node.publish(next...next)
                node.bring()
            }
            if sink.resume(bytes: Int.random(in: 0...300, using: &random)) { session.sinkDrained() }
        }
        #expect(session.state == .live)
        #expect(try sink.ids() == Array(1...next))
        #expect(try node.delivered("chat") == next)
    }

    @Test func `a stream that closes in the middle of a replay takes nothing with it`() throws {
        let node = try node(with: 200)
        let stalled = RecordingSink(allowance: 0)
        let (session, _) = try node.open("chat", cursor: .after(0), sink: stalled)
        session.sinkClosed(.error)
        node.access.holdsAnswers = true
        let asking = try node.open("chat", cursor: .after(0))
        let staying = try node.open("chat", user: "u2", cursor: .after(0))
        asking.session.sinkClosed(.client)
        node.access.answerAll()
        #expect(asking.sink.text.isEmpty)
        #expect(try staying.sink.ids().count == 200)
        let figures = node.shard.figures(project: nil)
        #expect(figures.open == 1)
        #expect(figures.slow == 0)
        #expect(figures.tailBytes == 0)
        #expect(figures.counters.closed == [.error: 1, .client: 1])
        #expect(try node.delivered("chat") == 200)
    }

    @Test func `a drain ends a stream in the middle of its replay`() throws {
        let node = try node(with: 200)
        _ = try node.open("chat", user: "u2")
        node.access.holdsAnswers = true
        let (_, sink) = try node.open("chat", cursor: .after(0))
        let drained = node.shard.drain(over: .zero)
        node.advance(milliseconds: 1)
        node.access.answerAll()
        #expect(try sink.summary() == ["server_close"])
        #expect(sink.isClosed)
        let isDone = NIOLockedValueBox(false)
        drained.whenSuccess { isDone.withLockedValue { $0 = true } }
        #expect(isDone.withLockedValue { $0 })
    }

    // MARK: A log that is away

    @Test func `while the log is away a stream waits with heartbeats, and then gets everything`() throws {
        let node = try node(with: 100) { $0.slowConsumerMilliseconds = 5_000 }
        _ = try node.open("chat", user: "u2")
        node.access.failure = .unavailable("down")
        let (_, sink) = try node.open("chat", heartbeat: 5_000, heartbeatIsEvent: true, cursor: .after(40))
        try node.publish(101...101)
        node.bring()
        node.advance(milliseconds: 60_000)
        #expect(!sink.isClosed)
        let waiting = sink.text
        #expect(waiting.contains(": heartbeat\n\n"))
        #expect(waiting.replacing(": heartbeat\n\n", with: "") == "")
        node.access.failure = nil
        node.advance(milliseconds: 4_000)
        #expect(try sink.ids() == Array(41...101))
        #expect(try sink.summary().first == "connected")
        #expect(try sink.events(named: "connected").first?["recovered"] as? Bool == true)
        #expect(try sink.gaps() == [])
    }

    @Test func `while the log is away between two pages, nothing is repeated`() throws {
        let node = try node(with: 150)
        _ = try node.open("chat", user: "u2")
        node.access.holdsAnswers = true
        let (_, sink) = try node.open("chat", cursor: .after(0))
        node.access.answer(1)
        let begun = try sink.ids().count
        #expect(begun == LogReader.pageSize)
        node.access.failure = .unavailable("down")
        node.access.answerAll()
        node.advance(milliseconds: 3_000)
        #expect(try sink.ids().count == begun)
        node.access.failure = nil
        node.advance(milliseconds: 4_000)
        #expect(try sink.ids() == Array(1...150))
        #expect(try sink.events(named: "connected").count == 1)
        #expect(try end(sink) == "150: 150 of 150, more: false")
    }

    @Test func `a log that was away from the beginning is waited for`() throws {
        let node = try node(with: 0)
        node.access.failure = .unavailable("down")
        try node.publish(1...3)
        let (_, sink) = try node.open("chat", heartbeat: 5_000, cursor: .after(1))
        let live = try node.open("chat", user: "u2").sink
        node.advance(milliseconds: 12_000)
        #expect(try sink.summary() == [])
        #expect(sink.text.hasPrefix(": heartbeat\n\n"))
        #expect(try live.summary() == ["connected"])
        node.access.failure = nil
        node.advance(milliseconds: 4_000)
        #expect(try sink.summary() == ["connected", "2", "3", "replay.end"])
    }

    @Test func `a stream without a cursor opens while the log is away, and then gets what came since`() throws {
        let node = try node(with: 3)
        _ = try node.open("jobs", user: "u2")
        node.access.failure = .unavailable("down")
        let (session, sink) = try node.open("chat")
        node.advance(milliseconds: 2_100)
        #expect(try sink.summary() == ["connected"])
        try node.publish(4...6)
        node.bring()
        try node.publish(7...8)
        node.access.failure = nil
        node.advance(milliseconds: 4_000)
        node.bring { [$0[1]] }
        #expect(session.state == .live)
        // Its node knew the log's end only from another channel; what may be missing is told.
        let ids = try sink.ids()
        #expect(ids == ids.sorted() && Set(ids).count == ids.count && ids.contains(8))
        let told = try sink.events(named: "gap").compactMap { $0["from"] as? UInt64 }.min()
        #expect((UInt64(4)...8).allSatisfy { id in ids.contains(id) || told.map { $0 <= id } == true })
    }

    @Test func `a log that will not answer is told, and the stream is live`() throws {
        let node = try node(with: 3)
        _ = try node.open("chat", user: "u2")
        node.access.failure = .refused("no permission")
        let (_, sink) = try node.open("chat", cursor: .after(1))
        #expect(try sink.summary() == ["connected", "gap", "replay.end"])
        #expect(try sink.events(named: "connected").first?["recovered"] as? Bool == false)
        #expect(try sink.gaps() == ["cursor_not_found 2..."])
        #expect(try end(sink) == "1: 0 of 0, more: false")
        try node.publish(4...4)
        node.bring()
        #expect(try sink.ids() == [4])
    }

    @Test func `a log that stops answering between two pages is told where`() throws {
        let node = try node(with: 150)
        _ = try node.open("chat", user: "u2")
        node.access.holdsAnswers = true
        let (_, sink) = try node.open("chat", cursor: .after(0))
        node.access.answer(1)
        node.access.failure = .refused("no permission")
        node.access.answerAll()
        #expect(try sink.ids() == Array(1...64))
        #expect(try sink.gaps() == ["log_unavailable 65..."])
        try node.publish(151...151)
        node.bring()
        #expect(try sink.ids() == Array(1...64) + [151])
    }

    @Test func `what is trimmed while it is replayed is told`() throws {
        let node = try node(with: 150)
        _ = try node.open("chat", user: "u2")
        node.access.holdsAnswers = true
        let (_, sink) = try node.open("chat", cursor: .after(0))
        node.access.answer(1)
        node.log.trim(try Channel("chat"), of: .p1, keeping: 10)
        node.access.answerAll()
        #expect(try sink.ids() == Array(1...64) + Array(141...150))
        #expect(try sink.gaps() == ["log_trimmed 65...140"])
    }

    // MARK: While the log begins anew

    @Test func `a replay that was cut short says what it left out of a new log with lower ids`() throws {
        let node = try Node { $0.replayLimit = 3 }
        node.listenElsewhere()
        try node.publish(1_001...1_600)
        _ = try node.open("chat", user: "u2")
        node.access.holdsAnswers = true
        let (_, sink) = try node.open("chat", cursor: .after(0))
        node.access.answer(1)
        #expect(try sink.ids() == [1_001, 1_002, 1_003])
        node.log.removeAll()
        try node.publish(1...5)
        node.bring { Array($0.suffix(5)) }
        node.access.answerAll()
        node.advance(milliseconds: 1_000)
        #expect(try end(sink).hasPrefix("1003: 3 of"))
        #expect(try sink.gaps() == ["log_reset 1004...", "replay_limit 1...5"])
        try node.publish(6...6)
        node.bring()
        #expect(try sink.ids() == [1_001, 1_002, 1_003, 6])
    }
}
