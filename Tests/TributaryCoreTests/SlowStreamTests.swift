import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct SlowStreamTests {
    private func message(_ number: Int, size: Int = 10) -> (String, String) {
        ("chat:p1", #"{"event":"m","data":"\#(number) \#(String(repeating: "x", count: size))"}"#)
    }

    @Test func `a slow stream never delays a fast one, and goes on where it stopped`() throws {
        let node = try Node()
        let slow = try node.open("chat", user: "slow")
        let fast = try node.open("chat", user: "fast")
        slow.sink.stall()
        for number in 0..<20 { try node.batch(message(number)) }
        #expect(try fast.sink.events().count == 21)
        #expect(try slow.sink.events().count == 1)
        #expect(node.shard.figures(project: nil).slow == 1)
        #expect(try node.delivered("chat") == 20)
        // Nothing is queued: the one batch that the socket did not take, and no more.
        #expect(slow.sink.writes.count == 2)

        #expect(slow.sink.resume())
        slow.session.sinkDrained()
        #expect(try slow.sink.events().dropFirst().map(\.data) == fast.sink.events().dropFirst().map(\.data))
        #expect(try node.delivered("chat") == 40)
        #expect(node.shard.figures(project: nil).slow == 0)
        #expect(node.shard.figures(project: nil).tailBytes == 0)
    }

    @Test func `a stream that falls off the tail gets one gap that names what it lost, then goes on`() throws {
        let node = try Node { $0.tailBytes = 1_000 }
        let slow = try node.open("chat", "jobs", "presence", user: "slow")
        slow.sink.stall()
        try node.batch(("presence:p1", #"{"event":"p","data":0}"#))
        for number in 0..<50 { try node.batch(message(number, size: 100)) }
        try node.batch(("jobs:p1", #"{"event":"j","data":1}"#))
        #expect(node.shard.figures(project: nil).tailBytes <= 1_000)
        #expect(slow.sink.resume())
        slow.session.sinkDrained()
        let events = try slow.sink.events().map(\.event)
        #expect(events.prefix(3) == ["connected", "p", "gap"])
        #expect(events.filter { $0 == "gap" }.count == 1)
        #expect(events.last == "j")
        let gap = try #require(try slow.sink.events().first { $0.event == "gap" })
        #expect(gap.data.contains(#""channels":["chat"],"reason":"tail_overrun""#))
    }

    @Test func `a slow stream that lost nothing of its own channels hears of no gap`() throws {
        let node = try Node { $0.tailBytes = 1_000 }
        let slow = try node.open("jobs", user: "slow")
        _ = try node.open("chat")
        slow.sink.stall()
        try node.batch(("jobs:p1", #"{"event":"j","data":1}"#))
        for number in 0..<50 { try node.batch(message(number, size: 100)) }
        #expect(slow.sink.resume())
        slow.session.sinkDrained()
        #expect(try slow.sink.events().map(\.event) == ["connected", "j"])
    }

    @Test func `a socket that takes a little at a time loses and repeats nothing`() throws {
        let node = try Node()
        let slow = try node.open("chat", user: "slow")
        slow.sink.stall()
        var sent = 0
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            if Bool.random(using: &generator) {
                try node.batch(message(sent), message(sent + 1))
                sent += 2
            }
            if slow.sink.resume(bytes: Int.random(in: 0...120, using: &generator)) { slow.session.sinkDrained() }
        }
        while slow.session.isBehind { if slow.sink.resume() { slow.session.sinkDrained() } }
        let numbers = try slow.sink.events().dropFirst().map { $0.data.prefix { $0 != " " }.dropFirst() }
        #expect(numbers == (0..<sent).map { "\($0)" }.map { $0[...] })
        #expect(try node.delivered("chat") == UInt64(sent))
    }

    @Test func `what a stream had not taken when it closed is not counted as delivered`() throws {
        let node = try Node()
        let slow = try node.open("chat")
        slow.sink.stall()
        try node.batch(message(1))
        slow.session.sinkClosed(.error)
        #expect(try node.delivered("chat") == 0)
        #expect(node.shard.figures(project: nil).slow == 0)
        #expect(node.shard.figures(project: nil).counters.closed == [.error: 1])
    }

    @Test func `a stream that takes nothing for thirty seconds is closed`() throws {
        let node = try Node()
        let stuck = try node.open("chat", user: "stuck")
        let drip = try node.open("chat", user: "drip")
        stuck.sink.stall()
        drip.sink.stall()
        try node.batch(message(1, size: 1_000))
        for _ in 0..<29 {
            node.advance(milliseconds: 1_000)
            _ = drip.sink.resume(bytes: 1)
        }
        #expect(!stuck.sink.isClosed)
        node.advance(milliseconds: 3_000)
        #expect(stuck.sink.isClosed)
        #expect(!drip.sink.isClosed)
        #expect(node.shard.figures(project: nil).counters.closed == [.slowConsumer: 1])
    }

    @Test func `an event larger than the tail still reaches a slow stream`() throws {
        let node = try Node { $0.tailBytes = 1_000 }
        let slow = try node.open("chat")
        slow.sink.stall()
        try node.batch(message(0))
        try node.batch(message(1, size: 100_000))
        #expect(slow.sink.resume())
        slow.session.sinkDrained()
        #expect(try slow.sink.events().map(\.event) == ["connected", "m", "m"])
    }
}
