import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct MeasurementTests {
    private static let now: UInt64 = 1_700_000_000_000_000

    private func latency(of stamps: [EventStamp], times: Int = 1) -> ShardMeasurements {
        var measurements = ShardMeasurements()
        measurements.noteWritten(stamps, times: times, now: Self.now)
        return measurements
    }

    // MARK: Latency

    @Test func `each event counts once for each socket that took it`() {
        let milliseconds = Self.now / 1_000
        let measured = latency(
            of: [.init(milliseconds: milliseconds - 7, count: 3), .init(milliseconds: milliseconds - 300, count: 1)],
            times: 100
        )
        let bounds = measured.latency.bounds
        #expect(measured.latency.counts[bounds.firstIndex(of: 10_000) ?? 0] == 300)
        #expect(measured.latency.counts[bounds.firstIndex(of: 500_000) ?? 0] == 100)
        #expect(measured.latency.sum == 300 * 7_000 + 100 * 300_000)
    }

    @Test func `a clock that is ahead counts as no time, one that is far off not at all`() {
        let milliseconds = Self.now / 1_000
        #expect(latency(of: [.init(milliseconds: milliseconds + 50, count: 2)]).latency.counts[0] == 2)
        for wrong in [milliseconds / 1_000, milliseconds * 1_000, 1, .max, milliseconds - 3_600_001] {
            let measured = latency(of: [.init(milliseconds: wrong, count: 2)], times: 3)
            #expect(measured.latency.count == 0 && measured.latency.sum == 0 && measured.unusableTimestamps == 6)
        }
    }

    @Test func `events of one millisecond share a stamp`() {
        var stamps: [EventStamp] = []
        for milliseconds: UInt64 in [5, 5, 6, 5] { stamps.note(milliseconds) }
        #expect(stamps.map(\.count) == [2, 1, 1])
    }

    @Test func `what publishers say reaches the histogram of those who got it`() throws {
        let node = try Node()
        for user in 0..<3 { _ = try node.open("chat", user: "u\(user)") }
        _ = try node.open("jobs")
        let slow = try node.open("chat", user: "slow")
        slow.sink.stall()
        let sent = Instant.now.milliseconds
        try node.batch(
            ("chat:p1", #"{"event":"a","data":1,"ts":\#(sent)}"#),
            ("chat:p1", #"{"event":"b","data":1}"#),
            ("chat:p1", #"{"event":"c","data":1,"ts":\#(sent),"to":{"user":"u1"}}"#),
            ("jobs:p1", #"{"event":"d","data":1,"ts":\#(sent)}"#)
        )
        let figures = node.shard.figures(project: nil)
        #expect(figures.measurements.latency.count == 3 + 1 + 1)
        #expect(figures.measurements.slowdowns == 1)
        // What it reads later says how slow it is, not how slow the hub is.
        #expect(slow.sink.resume())
        slow.session.sinkDrained()
        #expect(node.shard.figures(project: nil).measurements.latency.count == 5)
        #expect(try node.delivered("chat") == 3 * 2 + 1 + 2)
    }

    @Test func `more streams than share a time are all counted`() throws {
        let node = try Node()
        for user in 0..<600 { _ = try node.open("chat", user: "u\(user)") }
        try node.batch(("chat:p1", #"{"event":"a","data":1,"ts":\#(Instant.now.milliseconds)}"#))
        #expect(node.shard.figures(project: nil).measurements.latency.count == 600)
    }

    // MARK: What went wrong

    @Test func `a gap counts once for each stream that is told`() throws {
        let node = try Node { $0.tailBytes = 1_000 }
        for user in 0..<3 { _ = try node.open("chat", user: "u\(user)") }
        _ = try node.open("chat", "jobs", user: "u9")
        node.shard.tellGap(.relayReconnected)
        #expect(node.shard.figures(project: nil).measurements.gaps == [.relayReconnected: 4])
    }

    @Test func `what nobody gets is counted by why`() throws {
        let node = try Node { $0.lingerMilliseconds = 60_000 }
        let slow = try node.open("chat", user: "slow")
        slow.sink.stall()
        try node.batch(("chat:p1", #"{"event":"m","data":1}"#))
        for _ in 0..<3 { try node.batch(("chat:p1", #"{"event":"typing.start","data":{"userId":"a"}}"#)) }
        #expect(slow.sink.resume())
        slow.session.sinkDrained()
        #expect(node.shard.figures(project: nil).measurements.dropped == [.conflated: 2])
        slow.sink.stall()
        try node.batch(("chat:p1", #"{"event":"m","data":2}"#))
        slow.session.sinkClosed(.error)
        #expect(
            node.shard.figures(project: nil).measurements.dropped == [.conflated: 2, .connectionEnded: 1])
        try node.batch(("chat:p1", #"{"event":"m","data":3}"#))
        #expect(node.intake.figures(project: nil).measurements.dropped == [.noListener: 1])
    }

    @Test func `replays count by how they ended, with their size`() throws {
        let node = try Node { $0.replayLimit = 5 }
        _ = try node.open("chat")
        for id: UInt64 in 1...12 { try node.publish("chat", "message.new", id: id) }
        node.bring()
        _ = try node.open("chat", user: "u2", cursor: .after(9))
        _ = try node.open("chat", user: "u3", cursor: .after(2))
        _ = try node.open("chat", user: "u4", cursor: .unreadable)
        _ = try node.open("chat", user: "u5", cursor: .after(999))
        let measured = node.shard.figures(project: nil).measurements
        #expect(measured.replays == [.complete: 1, .limited: 1, .unreadable: 1, .incomplete: 1])
        #expect(measured.replaySizes.count == 4 && measured.replaySizes.sum == 3 + 5)
    }

    // MARK: What it takes to look

    @Test func `sums that are kept up are those that a count finds`() throws {
        let node = try Node { $0.lingerMilliseconds = 1 }
        var generator = SeededGenerator(seed: 7)
        var sessions: [StreamSession] = []
        for step in 0..<400 {
            if sessions.isEmpty || Bool.random(using: &generator) {
                let names = ["chat", "jobs", "presence"].filter { _ in Bool.random(using: &generator) }
                let request = StreamRequest(
                    user: try UserID("u\(step)"),
                    project: try ProjectID("p\(Int.random(in: 1...3, using: &generator))"),
                    channels: try node.channels(names), heartbeatMilliseconds: 25_000, heartbeatIsEvent: false,
                    cursor: .live
                )
                let sink = RecordingSink()
                if Bool.random(using: &generator) { sink.stall() }
                sessions.append(node.shard.open(request, sink: sink))
            } else {
                let session = sessions.remove(at: Int.random(in: sessions.indices, using: &generator))
                session.sinkClosed(.client)
            }
            if let session = sessions.randomElement(using: &generator) {
                session.change(
                    ChannelChange(adding: try node.channels(["jobs"]), removing: try node.channels(["chat"])))
            }
            try node.batch(("chat:p1", #"{"event":"a","data":1}"#), ("jobs:p2", #"{"event":"a","data":1}"#))
            node.advance(milliseconds: 1)
            let figures = node.shard.figures(project: nil)
            #expect(figures.open == sessions.count)
            let counted = try (0..<3).map { channel in
                try ["p1", "p2", "p3"].reduce(0) {
                    $0 + node.shard.figures(project: try ProjectID($1)).streamsByChannel[channel]
                }
            }
            #expect(figures.streamsByChannel == counted)
            let tails = node.shard.projects.all.reduce(0) { $0 + $1.tail.byteCount }
            #expect(figures.tailBytes == tails)
        }
    }

    @Test func `without names, nothing is looked at that there are many of`() throws {
        let node = try Node()
        for user in 0..<10 { _ = try node.open("chat", user: "u\(user)") }
        let figures = node.shard.figures(project: nil, naming: false)
        #expect(figures.open == 10 && figures.users.isEmpty && figures.projects.isEmpty)
        #expect(node.shard.figures(project: nil).users.count == 10)
    }

    @Test func `the longest lag is that of the last half minute`() {
        var lag = LoopLag()
        lag.note(2_000_000)
        #expect(lag.longest == 2_000_000)
        for _ in 0..<119 { lag.note(100) }
        #expect(lag.longest == 2_000_000)
        lag.note(300)
        #expect(lag.longest == 300 && lag.histogram.count == 121)
    }

    // MARK: From the publisher's database

    @Test func `the time from commit to publication is that of one event, however many streams there are`() throws {
        let node = try Node()
        for user in 0..<3 { _ = try node.open("chat", user: "u\(user)") }
        try node.batch(
            ("chat:p1", #"{"event":"a","data":1,"committed_at":1000,"ts":"1040"}"#),
            ("chat:p1", #"{"event":"a","data":1,"committed_at":1041,"ts":1040}"#),
            ("chat:p1", #"{"event":"a","data":1,"committed_at":1000}"#),
            ("chat:p1", #"{"event":"a","data":1,"committed_at":1,"ts":1700000000000}"#)
        )
        let delay = node.intake.figures(project: nil).measurements.commitDelay
        #expect(delay.count == 2 && delay.sum == 40_000)
    }
}
