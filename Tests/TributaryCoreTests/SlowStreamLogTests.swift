import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// Slow streams that fall off the tail: the log has what has an id.
@Suite struct SlowStreamLogTests {
    private let typing = ("chat:p1", #"{"event":"typing.start","data":0}"#)

    /// A node with a tail of four frames, whose project has one event with the publisher's id 1.
    private func node(
        _ configure: (inout HubConfiguration) -> Void = { _ in }
    ) throws -> Node {
        let node = try Node {
            $0.tailEvents = 4
            configure(&$0)
        }
        node.listenElsewhere()
        try publish(1...1, on: node)
        return node
    }

    /// Publishes and brings, one event a batch.
    private func publish(_ ids: ClosedRange<UInt64>, on node: Node, to user: String? = nil) throws {
        for id in ids {
            try node.publish("chat", "message.new", id: id, to: user)
            node.bring()
        }
    }

    private func stalled(_ node: Node, user: String = "slow") throws -> (session: StreamSession, sink: RecordingSink) {
        let slow = try node.open("chat", "jobs", user: user)
        slow.sink.stall()
        return slow
    }

    private func resume(_ slow: (session: StreamSession, sink: RecordingSink)) {
        if slow.sink.resume() { slow.session.sinkDrained() }
    }

    @Test func `who falls off the tail gets from the log what has an id, once and in order, under its own name`() throws
    {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...30, on: node)
        #expect(slow.sink.writes.count == 2)
        #expect(node.access.readCount == 0)
        resume(slow)
        #expect(slow.session.state == .live)
        #expect(try slow.sink.ids() == Array(2...30))
        // It is no replay, nothing was lost, and it hears of nothing.
        #expect(Set(try slow.sink.events().map(\.event)) == ["connected", "message.new"])
        try publish(31...31, on: node)
        #expect(try slow.sink.ids() == Array(2...31))
        #expect(try node.delivered("chat") == 30)
        #expect(node.shard.figures(project: nil).tailBytes == 0)
    }

    @Test func `only what the log cannot have is told by a gap`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...3, on: node)
        try node.batch(typing, ("jobs:p1", #"{"event":"job.started","id":"4","data":0}"#))
        try publish(5...20, on: node)
        try node.batch(typing)
        resume(slow)
        // What was in flight, the gap, then the log, then the tail.
        #expect(try slow.sink.summary() == ["connected", "2", "gap"] + (3...20).map { "\($0)" } + ["typing.start"])
        #expect(try slow.sink.gaps() == ["tail_overrun"])
        let gap = try #require(try slow.sink.events(named: "gap").first)
        #expect(gap["channels"] as? [String] == ["chat"])
    }

    @Test func `more than a replay's limit comes from the log, page by page`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...500, on: node)
        #expect(slow.sink.resume())
        slow.sink.stall()
        slow.session.sinkDrained()
        #expect(node.access.readCount == 1)
        var reads = 1
        while slow.session.state != .live {
            #expect(slow.sink.resume())
            slow.sink.stall()
            slow.session.sinkDrained()
            // One page for each time that the socket has taken everything.
            #expect(node.access.readCount <= reads + 1)
            reads = node.access.readCount
            guard slow.sink.pendingBytes > 0 else { break }
        }
        resume(slow)
        #expect(try slow.sink.ids() == Array(2...500))
        #expect(reads >= 498 / LogReader.pageSize)
    }

    @Test func `private events come from the log to their recipient alone`() throws {
        let node = try node()
        let mine = try stalled(node, user: "u1")
        let other = try stalled(node, user: "u2")
        try publish(2...2, on: node)
        try publish(3...10, on: node, to: "u1")
        try publish(11...20, on: node)
        resume(mine)
        resume(other)
        #expect(try mine.sink.ids() == Array(2...20))
        #expect(try other.sink.ids() == [2] + Array(11...20))
        #expect(try mine.sink.gaps() == [])
        #expect(try other.sink.gaps() == [])
    }

    @Test func `what comes while the log is read comes after it`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...20, on: node)
        node.access.holdsAnswers = true
        resume(slow)
        try publish(21...23, on: node)
        // By now the tail has dropped more than when the read began.
        try publish(24...40, on: node)
        #expect(try slow.sink.ids() == [2])
        node.access.answerAll()
        #expect(try slow.sink.ids() == Array(2...40))
        #expect(slow.session.state == .live)
    }

    @Test(arguments: 0..<30)
    func `whatever pace a socket keeps, it gets each event with an id once and in order`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let node = try node()
        let slow = try stalled(node)
        var id: UInt64 = 1
        for _ in 0..<300 {
            if Int.random(in: 0...2, using: &random) == 0 {
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    id += 1
                    try node.publish("chat", "message.new", id: id)
                }
                node.bring()
            }
            if Int.random(in: 0...4, using: &random) == 0 { try node.batch(typing) }
            node.access.holdsAnswers = Int.random(in: 0...3, using: &random) == 0
            if !node.access.holdsAnswers { node.access.answerAll() }
            if slow.sink.resume(bytes: Int.random(in: 0...200, using: &random)) { slow.session.sinkDrained() }
        }
        node.access.answerAll()
        for _ in 0..<1_000 where slow.session.isBehind {
            if slow.sink.resume() { slow.session.sinkDrained() }
        }
        #expect(slow.session.state == .live)
        #expect(try slow.sink.ids() == Array(2...id))
        #expect(Set(try slow.sink.gaps()).isSubset(of: ["tail_overrun"]))
        #expect(node.shard.figures(project: nil).tailBytes == 0)
    }

    @Test func `what the log has trimmed meanwhile is told`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...30, on: node)
        node.log.trim(try Channel("chat"), of: .p1, keeping: 8)
        resume(slow)
        #expect(try slow.sink.ids() == [2] + Array(23...30))
        #expect(try slow.sink.gaps() == ["log_trimmed 3...22"])
    }

    @Test func `a log that was wiped meanwhile is told`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...30, on: node)
        node.log.removeAll()
        try publish(40...60, on: node)
        resume(slow)
        #expect(try slow.sink.ids() == [2] + Array(40...60))
        let gaps = try slow.sink.events(named: "gap")
        // One of them speaks of everything from 3 to before 40.
        #expect(gaps.contains { ($0["from"] as? Int).map { $0 <= 3 } == true && $0["to"] == nil })
    }

    @Test func `a log that will not answer is told, and the stream goes on from the tail`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...30, on: node)
        node.access.failure = .refused("no permission")
        resume(slow)
        #expect(slow.session.state == .live)
        #expect(try slow.sink.gaps() == ["log_unavailable 3..."])
        #expect(try slow.sink.ids() == [2] + Array(27...30))
    }

    // MARK: Thirty seconds

    @Test func `waiting for the log is not slowness`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...30, on: node)
        node.access.failure = .unavailable("down")
        resume(slow)
        node.advance(milliseconds: 120_000)
        #expect(!slow.sink.isClosed)
        // Its reader hears that it is still there.
        #expect(slow.sink.text.hasSuffix(": heartbeat\n\n"))
        node.access.failure = nil
        node.advance(milliseconds: 4_000)
        #expect(try slow.sink.ids() == Array(2...30))
        #expect(slow.session.state == .live)
    }

    @Test func `a socket that stalls while the log is read is closed after thirty seconds`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...200, on: node)
        #expect(slow.sink.resume())
        slow.sink.stall()
        slow.session.sinkDrained()
        #expect(slow.sink.pendingBytes > 0)
        node.advance(milliseconds: 29_000)
        #expect(!slow.sink.isClosed)
        node.advance(milliseconds: 3_000)
        #expect(slow.sink.isClosed)
        #expect(node.shard.figures(project: nil).counters.closed == [.slowConsumer: 1])
        // Its reader is told to come back, once it reads again.
        #expect(
            slow.sink.writes.last.map { String(buffer: $0) }?.contains(#""reason":"slow_consumer","reconnect":true"#)
                == true)
    }

    @Test func `any progress counts while the log is read`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...200, on: node)
        #expect(slow.sink.resume())
        slow.sink.stall()
        slow.session.sinkDrained()
        for _ in 0..<4 {
            node.advance(milliseconds: 25_000)
            _ = slow.sink.resume(bytes: 10)
        }
        #expect(!slow.sink.isClosed)
        resume(slow)
        #expect(try slow.sink.ids() == Array(2...200))
    }

    @Test func `the time that a stream waited for the log does not count against its socket`() throws {
        let node = try node()
        let slow = try stalled(node)
        try publish(2...200, on: node)
        node.access.failure = .unavailable("down")
        #expect(slow.sink.resume())
        slow.session.sinkDrained()
        node.advance(milliseconds: 60_000)
        node.access.failure = nil
        slow.sink.stall()
        node.advance(milliseconds: 4_000)
        #expect(slow.sink.pendingBytes > 0)
        node.advance(milliseconds: 24_000)
        #expect(!slow.sink.isClosed)
        resume(slow)
        #expect(try slow.sink.ids() == Array(2...200))
    }
}
