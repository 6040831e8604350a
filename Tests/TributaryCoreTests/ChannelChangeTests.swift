import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// Streams whose channels change while they are open.
@Suite struct ChannelChangeTests: ResumeFixtures {
    private func channels(_ sink: RecordingSink) throws -> [[String]] {
        try sink.events(named: "subscribed").map { $0["channels"] as? [String] ?? [] }
    }

    @discardableResult
    private func change(
        _ session: StreamSession, on node: Node, add: [String] = [], remove: [String] = [], from id: UInt64? = nil
    ) throws -> ChannelSet {
        session.change(
            ChannelChange(adding: try node.channels(add), removing: try node.channels(remove), fromSequence: id))
    }

    private func job(_ id: UInt64, on node: Node) throws { try node.publish("jobs", "job.started", id: id) }

    // MARK: Removing

    @Test func `what was removed comes no more, and the stream is told`() throws {
        let node = try node(with: 0)
        let (session, sink) = try node.open("chat", "jobs")
        #expect(try change(session, on: node, remove: ["jobs"]) == node.channels(["chat"]))
        try job(1, on: node)
        try node.publish(2...2)
        node.bring()
        #expect(try sink.summary() == ["connected", "subscribed", "2"])
        #expect(try channels(sink) == [["chat"]])
        let told = try #require(try sink.events(named: "subscribed").first)
        #expect(told["connection_id"] as? String == session.id)
        #expect(told["events"] as? [String] == node.catalog.eventNames(of: 0))
        #expect(told["timestamp"] != nil)
        #expect(node.shard.figures(project: nil).streamsByChannel == [1, 0, 0])
    }

    @Test func `a channel that nobody listens to any more is let go after the linger, and not before`() throws {
        let node = try Node { $0.lingerMilliseconds = 5_000 }
        let (session, _) = try node.open("chat", "jobs")
        let other = try node.open("jobs", user: "u2")
        try change(session, on: node, remove: ["jobs"])
        node.advance(milliseconds: 10_000)
        #expect(node.relay.unsubscribed.isEmpty)
        other.session.sinkClosed(.client)
        node.advance(milliseconds: 4_000)
        #expect(node.relay.unsubscribed.isEmpty)
        node.advance(milliseconds: 2_000)
        #expect(Set(node.relay.unsubscribed.map(\.name)) == ["jobs:p1", "jobs", "job:p1", "job"])
    }

    @Test func `what a slow stream has not been sent of a removed channel is not sent`() throws {
        let node = try Node()
        let (session, sink) = try node.open("chat", "jobs")
        sink.stall()
        for number in 0..<5 {
            try node.batch(
                ("chat:p1", #"{"event":"c\#(number)","data":0}"#), ("jobs:p1", #"{"event":"j\#(number)","data":0}"#))
        }
        try change(session, on: node, remove: ["jobs"])
        if sink.resume() { session.sinkDrained() }
        #expect(try sink.summary() == ["connected", "c0", "j0", "c1", "c2", "c3", "c4", "subscribed"])
    }

    @Test func `a stream without channels stays, gets heartbeats, and can add again`() throws {
        let node = try node(with: 0)
        let (session, sink) = try node.open("chat", heartbeat: 5_000, heartbeatIsEvent: true)
        #expect(try change(session, on: node, remove: ["chat"]) == [])
        try node.publish(1...1)
        node.bring()
        node.shard.tellGap(.relayReconnected)
        node.advance(milliseconds: 5_000)
        #expect(try sink.summary() == ["connected", "subscribed", "heartbeat"])
        try change(session, on: node, add: ["chat"], from: 0)
        #expect(try sink.summary().suffix(3) == ["1", "replay.end", "1"])
        #expect(try channels(sink) == [[], ["chat"]])
        #expect(node.shard.figures(project: nil).streamsByChannel == [1, 0, 0])
    }

    @Test func `a slow stream that lost channels still hears of what was lost on the others`() throws {
        let node = try Node()
        let (session, sink) = try node.open("chat", "jobs")
        sink.stall()
        try node.batch(("chat:p1", #"{"event":"c","data":0}"#))
        node.shard.tellGap(.relayReconnected)
        try change(session, on: node, remove: ["jobs"])
        node.shard.tellGap(.relayReconnected)
        if sink.resume() { session.sinkDrained() }
        #expect(try sink.summary() == ["connected", "c", "gap", "gap", "subscribed"])
        node.shard.tellGap(.relayReconnected)
        #expect(try sink.events(named: "gap").last?["channels"] as? [String] == ["chat"])
    }

    // MARK: Adding

    @Test func `an added channel is live from subscribed on`() throws {
        let node = try node(with: 0)
        let (session, sink) = try node.open("chat")
        try job(1, on: node)
        node.bring()
        #expect(try change(session, on: node, add: ["jobs"]) == node.channels(["chat", "jobs"]))
        try job(2, on: node)
        try node.publish(3...3)
        node.bring()
        #expect(try sink.summary() == ["connected", "subscribed", "2", "3"])
        #expect(try channels(sink) == [["chat", "jobs"]])
        #expect(try sink.events().first { $0.event == "subscribed" }?.id == nil)
        #expect(node.shard.figures(project: nil).streamsByChannel == [1, 1, 0])
    }

    @Test func `an added channel is replayed, then the stream is told, with its own cursor`() throws {
        let node = try node(with: 0)
        let (session, sink) = try node.open("chat")
        for id in UInt64(1)...4 { try job(id, on: node) }
        try node.publish(5...6)
        node.bring()
        try change(session, on: node, add: ["jobs"], from: 2)
        #expect(try sink.summary() == ["connected", "5", "6", "3", "4", "replay.end", "6"])
        #expect(try sink.events().last?.event == "subscribed")
        #expect(try end(sink) == "4: 2 of 2, more: false")
        #expect(session.state == .live)
        try job(7, on: node)
        node.bring()
        #expect(try sink.summary().last == "7")
        #expect(node.shard.figures(project: nil).slow == 0)
        #expect(node.shard.figures(project: nil).tailBytes == 0)
    }

    @Test func `a replay uses the catalog's names, and stops at the limit`() throws {
        let node = try node(with: 10) { $0.replayLimit = 4 }
        let (session, sink) = try node.open("jobs")
        try change(session, on: node, add: ["chat"], from: 3)
        #expect(
            try sink.events().map(\.event) == ["connected"] + Array(repeating: "message.replay", count: 4) + [
                "replay.end", "gap", "subscribed",
            ])
        #expect(try sink.gaps() == ["replay_limit 8...10"])
        #expect(try sink.events(named: "gap").first?["channels"] as? [String] == ["chat"])
        #expect(try end(sink) == "7: 4 of 7, more: true")
    }

    @Test func `a cursor that the log does not have is told`() throws {
        let node = try node(with: 10)
        let (session, sink) = try node.open("jobs")
        try change(session, on: node, add: ["chat"], from: 99)
        #expect(try sink.events().map(\.event) == ["connected", "gap", "replay.end", "subscribed"])
        #expect(try sink.gaps() == ["cursor_not_found 100..."])
        try node.publish(11...11)
        node.bring()
        #expect(try sink.summary().last == "11")
    }

    @Test func `what comes on any channel during the replay comes after it, once`() throws {
        let node = try node(with: 0) { $0.replayLimit = 1_000 }
        let (session, sink) = try node.open("chat")
        for id in UInt64(1)...200 { try job(id, on: node) }
        node.bring()
        node.access.holdsAnswers = true
        try change(session, on: node, add: ["jobs"], from: 0)
        node.access.answer(1)
        var next: UInt64 = 200
        for _ in 0..<20 {
            next += 1
            if next.isMultiple(of: 2) { try node.publish(next...next) } else { try job(next, on: node) }
            node.bring()
            node.access.answer(1)
        }
        node.access.answerAll()
        #expect(try sink.ids() == Array(1...200) + [200] + Array(201...next))
        #expect(session.state == .live)
    }

    @Test func `the replay is read no faster than the socket takes it`() throws {
        let node = try node(with: 0) { $0.replayLimit = 1_000 }
        let (session, sink) = try node.open("chat")
        for id in UInt64(1)...300 { try job(id, on: node) }
        node.bring()
        sink.stall()
        try change(session, on: node, add: ["jobs"], from: 0)
        let reads = node.access.readCount
        node.advance(milliseconds: 5_000)
        #expect(node.access.readCount == reads)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<5_000 where session.state != .live {
            if sink.resume(bytes: Int.random(in: 0...300, using: &random)) { session.sinkDrained() }
        }
        #expect(try sink.ids() == Array(1...300) + [300])
    }

    @Test func `a stream that is slow adds when it has caught up`() throws {
        let node = try node(with: 0)
        let (session, sink) = try node.open("chat")
        sink.stall()
        for id in UInt64(1)...3 {
            try node.publish(id...id)
            node.bring()
        }
        try job(4, on: node)
        node.bring()
        #expect(try change(session, on: node, add: ["jobs"], from: 0) == node.channels(["chat", "jobs"]))
        if sink.resume() { session.sinkDrained() }
        #expect(try sink.summary() == ["connected", "1", "2", "3", "4", "replay.end", "4"])
    }

    @Test func `a stream that replays adds when it is through`() throws {
        let node = try node(with: 3)
        _ = try node.open("jobs", user: "u2")
        try job(4, on: node)
        node.bring()
        node.access.holdsAnswers = true
        let (session, sink) = try node.open("chat", cursor: .after(1))
        try change(session, on: node, add: ["jobs"], from: 3)
        #expect(sink.text.isEmpty)
        node.access.answerAll()
        #expect(try sink.summary() == ["connected", "2", "3", "replay.end", "4", "replay.end", "4"])
        #expect(try sink.events(named: "connected").first?["channels"] as? [String] == ["chat"])
    }

    // MARK: The relay takes its time

    @Test func `until the relay has confirmed the stream goes on with what it has`() throws {
        let node = try node(with: 0)
        let (session, sink) = try node.open("chat")
        node.relay.holdsConfirmations = true
        try change(session, on: node, add: ["jobs"], from: 0)
        try node.publish(1...1)
        node.bring()
        node.advance(milliseconds: 60_000)
        #expect(try sink.summary() == ["connected", "1"])
        try job(2, on: node)
        node.relay.held.forEach { $0.succeed() }
        #expect(try sink.summary() == ["connected", "1", "2", "replay.end", "2"])
    }

    @Test func `while the relay is away the change is not forgotten`() throws {
        let node = try node(with: 0)
        let (session, sink) = try node.open("chat")
        node.relay.holdsConfirmations = true
        node.relay.status.isConnected = false
        node.intake.relayDisconnected()
        try change(session, on: node, add: ["jobs"], from: 0)
        node.relay.held.forEach { $0.fail(RelayError.unavailable("down")) }
        node.advance(milliseconds: 60_000)
        #expect(try sink.events(named: "subscribed").isEmpty)
        try job(1, on: node)
        node.relay.status.isConnected = true
        node.intake.relayReconnected()
        #expect(try sink.events().map(\.event) == ["connected", "gap", "job.started", "replay.end", "subscribed"])
        try job(2, on: node)
        node.bring()
        #expect(try sink.ids() == [1, 1, 2])
    }

    @Test func `a stream that is opening takes changes, and connected tells of those that it has`() throws {
        let node = try node(with: 0)
        node.relay.holdsConfirmations = true
        let (session, sink) = try node.open("chat", "jobs")
        try change(session, on: node, add: ["presence"], remove: ["jobs"])
        #expect(sink.text.isEmpty)
        node.relay.held.forEach { $0.succeed() }
        #expect(try sink.events().map(\.event) == ["connected", "subscribed"])
        #expect(try sink.events(named: "connected").first?["channels"] as? [String] == ["chat"])
        #expect(try channels(sink) == [["chat", "presence"]])
    }

    @Test func `a stream that waits for one channel begins when that is removed`() throws {
        let node = try node(with: 1)
        _ = try node.open("chat", user: "u2")
        node.relay.holdsConfirmations = true
        let (session, sink) = try node.open("chat", "jobs", cursor: .after(0))
        #expect(sink.text.isEmpty)
        try change(session, on: node, remove: ["jobs"])
        #expect(try sink.summary() == ["connected", "1", "replay.end"])
        let other = try node.open("jobs", cursor: .after(0))
        try change(other.session, on: node, remove: ["jobs"])
        #expect(try other.sink.summary() == ["connected"])
    }

    // MARK: Several changes

    @Test func `what it has, waits for or cannot have is not added`() throws {
        let node = try node(with: 3)
        let (session, sink) = try node.open("chat")
        let all = ChannelSet(rawValue: 0b1000)
        #expect(session.change(ChannelChange(adding: all, removing: all)) == [ChannelSet(index: 0)])
        try change(session, on: node, add: ["chat"], remove: ["jobs"], from: 0)
        #expect(try sink.summary() == ["connected"])
        node.relay.holdsConfirmations = true
        try change(session, on: node, add: ["jobs"])
        try change(session, on: node, add: ["jobs"], from: 0)
        node.relay.held.forEach { $0.succeed() }
        #expect(try sink.summary() == ["connected", "subscribed"])
        #expect(node.shard.figures(project: nil).streamsByChannel == [1, 1, 0])
    }

    @Test func `an addition that is taken back leaves nothing behind`() throws {
        let node = try Node { $0.lingerMilliseconds = 0 }
        let (session, sink) = try node.open("chat")
        node.relay.holdsConfirmations = true
        try change(session, on: node, add: ["jobs"], from: 0)
        #expect(try change(session, on: node, remove: ["jobs"]) == node.channels(["chat"]))
        node.relay.held.forEach { $0.succeed() }
        node.advance(milliseconds: 2_000)
        #expect(try channels(sink) == [["chat"]])
        #expect(Set(node.relay.unsubscribed.map(\.name)).contains("jobs:p1"))
        #expect(node.shard.figures(project: nil).streamsByChannel == [1, 0, 0])
    }

    @Test func `additions with different cursors are replayed each from its own`() throws {
        let node = try node(with: 4)
        _ = try node.open("chat", "jobs", user: "u2")
        for id in UInt64(5)...8 { try job(id, on: node) }
        node.bring()
        let (session, sink) = try node.open("presence")
        sink.stall()
        try node.batch(("presence:p1", #"{"event":"p","data":0}"#))
        try change(session, on: node, add: ["chat"], from: 2)
        try change(session, on: node, add: ["jobs"], from: 6)
        if sink.resume() { session.sinkDrained() }
        #expect(
            try sink.summary() == ["connected", "p", "3", "4", "replay.end", "8", "7", "8", "replay.end", "8"])
        #expect(try channels(sink) == [["chat", "presence"], ["chat", "jobs", "presence"]])
    }

    @Test func `what is removed and added in one change is replayed`() throws {
        let node = try node(with: 3)
        let (session, sink) = try node.open("chat", "jobs")
        try change(session, on: node, add: ["chat"], remove: ["chat"], from: 1)
        #expect(try sink.summary() == ["connected", "2", "3", "replay.end", "3"])
        #expect(node.shard.figures(project: nil).streamsByChannel == [1, 1, 0])
    }

    @Test func `a channel that is removed during its replay is replayed no further`() throws {
        let node = try node(with: 200) { $0.replayLimit = 1_000 }
        let (session, sink) = try node.open("jobs")
        node.access.holdsAnswers = true
        try change(session, on: node, add: ["chat"], from: 0)
        node.access.answer(2)
        #expect(try sink.ids().count == LogReader.pageSize)
        try change(session, on: node, remove: ["chat"])
        node.access.answerAll()
        #expect(try sink.ids().count == LogReader.pageSize + 1)
        #expect(try channels(sink).last == ["jobs"])
        #expect(session.state == .live)
        try node.publish(201...201)
        try job(202, on: node)
        node.bring()
        #expect(try sink.summary().last == "202")
    }

    // MARK: Trouble

    @Test func `a stream that closes in the middle of a change takes everything with it`() throws {
        let node = try Node { $0.lingerMilliseconds = 0 }
        node.listenElsewhere()
        try node.publish(1...3)
        let (session, sink) = try node.open("jobs")
        node.access.holdsAnswers = true
        try change(session, on: node, add: ["chat"], from: 0)
        session.sinkClosed(.client)
        let waiting = try node.open("jobs", user: "u2")
        node.relay.holdsConfirmations = true
        try change(waiting.session, on: node, add: ["presence"])
        waiting.session.sinkClosed(.client)
        #expect(try change(waiting.session, on: node, add: ["chat"]) == node.channels(["jobs", "presence"]))
        node.access.answerAll()
        node.relay.held.forEach { $0.succeed() }
        node.advance(milliseconds: 3_000)
        #expect(try sink.summary() == ["connected"])
        let figures = node.shard.figures(project: nil)
        #expect(figures.open == 0)
        #expect(figures.slow == 0)
        #expect(figures.streamsByChannel == [0, 0, 0])
        #expect(Set(node.relay.unsubscribed) == Set(node.relay.subscribed))
    }

    @Test func `a log that will not answer is told, and the stream has its channels`() throws {
        let node = try node(with: 3)
        _ = try node.open("chat", user: "u2")
        let (session, sink) = try node.open("jobs")
        node.access.failure = .refused("no permission")
        try change(session, on: node, add: ["chat"], from: 1)
        #expect(try sink.events().map(\.event) == ["connected", "gap", "replay.end", "subscribed"])
        #expect(try sink.gaps() == ["cursor_not_found 2..."])
        try node.publish(4...4)
        node.bring()
        #expect(try sink.summary().last == "4")
    }

    @Test func `a log that begins anew during the replay is told, and the new one is replayed`() throws {
        let node = try node(with: 200) { $0.replayLimit = 1_000 }
        _ = try node.open("chat", user: "u2")
        let (session, sink) = try node.open("jobs")
        node.access.holdsAnswers = true
        try change(session, on: node, add: ["chat"], from: 0)
        node.access.answer(1)
        #expect(try sink.ids() == Array(1...64))
        node.log.removeAll()
        try node.publish(301...303)
        try job(304, on: node)
        node.bring()
        node.access.answerAll()
        node.advance(milliseconds: 5_000)
        #expect(session.state == .live)
        #expect(try sink.ids().filter { $0 > 64 && $0 != 200 }.prefix(1) == [304])
        #expect(Set(try sink.ids()).isSuperset(of: 301...304))
        let gaps = try sink.events(named: "gap").compactMap { $0["from"] as? Int }
        #expect(gaps.contains { $0 <= 65 })
        #expect(try channels(sink).last == ["chat", "jobs"])
    }
}
