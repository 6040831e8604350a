import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// The log is away or begins anew, the relay was away: the streams get the log's order, or are told.
@Suite struct SequencerLogTests: SequencerFixtures {
    // MARK: A log that is away

    @Test func `a log that is away for a moment costs nothing`() throws {
        let (node, sink) = try listening()
        try node.publish(2...3)
        node.access.failure = .unavailable("down")
        node.bring { [$0[1]] }
        try node.batch(typing)
        node.advance(milliseconds: 3_000)
        #expect(try sink.ids() == [1])
        node.access.failure = nil
        node.advance(milliseconds: 4_000)
        #expect(try sink.summary() == ["connected", "1", "2", "3", "typing.start"])
    }

    @Test func `a log that is away for long keeps nobody from live events`() throws {
        let (node, sink) = try listening()
        try node.publish(2...3)
        node.access.failure = .unavailable("down")
        node.bring { [$0[1]] }
        try node.batch(typing)
        node.advance(milliseconds: 20_000)
        #expect(try sink.summary() == ["connected", "1", "typing.start"])
        try node.publish(4...4)
        node.bring()
        // Nobody can give it a place now.
        try node.batch(raw(5))
        #expect(try sink.summary().suffix(2) == ["typing.start", "message.new"])
        #expect(node.rejections.totals == ["not_logged": 1])
        // When it is back, everything is as it was.
        node.access.failure = nil
        node.advance(milliseconds: 10_000)
        try node.publish(6...8)
        node.bring { [$0[2]] }
        #expect(try sink.ids() == [1, 2, 3, 4, 6, 7, 8])
    }

    @Test func `a log that says no keeps nobody from live events`() throws {
        let node = try Node()
        node.access.failure = .refused("no permission")
        let sink = try node.open("chat", "jobs").sink
        #expect(try sink.summary() == ["connected"])
        try node.publish(1...3)
        node.bring { [$0[0], $0[2]] }
        try node.batch(typing)
        #expect(try sink.summary() == ["connected", "1", "3", "typing.start"])
    }

    @Test func `a log that says no later on lets go of what waits for it`() throws {
        let (node, sink) = try listening()
        try node.publish(2...3)
        node.access.failure = .refused("no permission")
        node.bring { [$0[1]] }
        #expect(try sink.summary() == ["connected", "1", "gap", "3"])
        #expect(try sink.gaps() == ["log_unavailable 2..."])
    }

    // MARK: A relay that was away

    @Test func `what the relay missed while it was away is read from the log`() throws {
        let node = try Node()
        let sink = try node.open("chat", "jobs").sink
        let ids = try (0..<4).map { _ in try #require(try node.publish("chat", "message.new")) }
        node.bring { [$0[0]] }
        node.relay.session = "n1-2"
        node.log.leave([try Channel("chat"), try Channel("jobs")], of: .p1, as: "n1-1")
        node.intake.relayReconnected()
        #expect(try sink.ids() == ids)
        // The hub's own ids are all in the log, whoever listened; what has no id is lost.
        #expect(try sink.gaps() == ["relay_reconnected"])
    }

    @Test func `a lapse in hearing a publisher's own ids is told`() throws {
        let (node, sink) = try listening()
        try node.batch(raw(2))
        node.relay.session = "n1-2"
        node.log.leave([try Channel("chat"), try Channel("jobs")], of: .p1, as: "n1-1")
        node.intake.relayReconnected()
        #expect(try sink.gaps().contains("relay_reconnected 3..."))
        try node.batch(raw(4))
        #expect(try sink.ids() == [1, 2, 4])
    }

    @Test func `while another node listens there is no lapse`() throws {
        let (node, sink) = try listening()
        let channels = [try Channel("chat"), try Channel("jobs")]
        _ = node.log.listen(to: channels, of: .p1, as: "n2-1")
        node.log.leave(channels, of: .p1, as: "n1-1")
        _ = node.log.record([try heard(2)], of: .p1)
        node.relay.session = "n1-2"
        node.intake.relayReconnected()
        #expect(try sink.ids() == [1, 2])
        #expect(try sink.gaps() == ["relay_reconnected"])
    }

    @Test func `events that come while the log is asked wait for what they missed`() throws {
        let (node, sink) = try listening()
        try node.publish(2...5)
        node.bring { _ in [] }
        node.access.holdsAnswers = true
        node.intake.relayReconnected()
        try node.publish(6...6)
        node.bring()
        #expect(try sink.ids() == [1])
        node.access.answerAll()
        #expect(try sink.ids() == [1, 2, 3, 4, 5, 6])
    }

    @Test func `what has no id keeps its place among events that the log brings`() throws {
        let (node, sink) = try listening()
        try node.publish(2...3)
        node.access.holdsAnswers = true
        // 2 is lost on the way, so that the log is read; it has 4 and 5 as well by then.
        node.bring { [$0[1]] }
        try node.batch(typing)
        try node.publish(4...5)
        node.bring()
        try node.batch(typing)
        #expect(try sink.ids() == [1])
        node.access.answerAll()
        #expect(try sink.summary() == ["connected", "1", "2", "3", "typing.start", "4", "5", "typing.start"])
    }

    // MARK: A log that is another one, or has lost something

    @Test func `a log that was wiped is told, and the new one is read from its beginning`() throws {
        let (node, sink) = try listening()
        try node.publish(2...3)
        node.bring()
        node.log.removeAll()
        try node.publish(10...12)
        node.bring { [$0[2]] }
        #expect(try sink.summary() == ["connected", "1", "2", "3", "gap", "10", "11", "12"])
        #expect(try sink.gaps() == ["log_reset 4..."])
    }

    @Test func `a new log's events are new, though their ids are low`() throws {
        let (node, sink) = try listening()
        try node.publish(2...5)
        node.bring()
        node.log.removeAll()
        try node.publish(1...3)
        node.bring()
        #expect(try sink.summary() == ["connected", "1", "2", "3", "4", "5", "gap", "1", "2", "3"])
        #expect(try sink.gaps() == ["log_reset 6..."])
        try node.publish(4...6)
        node.bring { [$0[2]] }
        #expect(try sink.ids().suffix(3) == [4, 5, 6])
    }

    @Test func `what a publisher sends past the log is new in a new log, though its ids are low`() throws {
        let (node, sink) = try listening()
        try node.batch(raw(100))
        node.log.removeAll()
        try node.batch(raw(50), raw(51))
        #expect(try sink.summary() == ["connected", "1", "100", "gap", "50", "51"])
        #expect(try sink.gaps() == ["log_reset 101..."])
        try node.batch(raw(52), raw(51))
        #expect(try sink.ids().suffix(3) == [50, 51, 52])
    }

    @Test func `it is new also where another node was the first to write it down`() throws {
        let (node, sink) = try listening()
        try node.batch(raw(100))
        node.log.removeAll()
        _ = node.log.record([try heard(50), try heard(51)], of: .p1)
        try node.batch(raw(50))
        #expect(try sink.summary() == ["connected", "1", "100", "gap", "50", "51"])
        try node.batch(raw(51), raw(52))
        #expect(try sink.ids().suffix(3) == [50, 51, 52])
    }

    @Test func `events of the old log that come late are not taken for the new one's`() throws {
        let (node, sink) = try listening()
        try node.publish(2...4)
        let old = node.published.withLockedValue { $0 }
        node.bring { [$0[0]] }
        node.log.removeAll()
        try node.publish(10...11)
        node.bring { [$0[0], old[2], $0[1]] }
        #expect(try sink.ids().filter { $0 >= 10 } == [10, 11])
        let lost = try #require(try sink.events(named: "gap").first?["from"] as? UInt64)
        #expect(lost <= 3)
    }

    @Test func `what was trimmed before it could be read is told`() throws {
        let (node, sink) = try listening()
        try node.publish(2...9)
        node.log.trim(try Channel("chat"), of: .p1, keeping: 3)
        node.bring { [$0[7]] }
        #expect(try sink.summary() == ["connected", "1", "gap", "7", "8", "9"])
        #expect(try sink.gaps() == ["log_trimmed 2...6"])
    }

    @Test func `an envelope that nobody can read is stepped over`() throws {
        let (node, sink) = try listening()
        let poison = HeardEvent(
            channel: try Channel("chat"), id: try #require(EventID(2)), envelope: ByteBuffer(string: "{poison")
        )
        _ = node.log.record([poison], of: .p1)
        try node.publish(3...3)
        node.bring()
        #expect(try sink.ids() == [1, 3])
    }
}
