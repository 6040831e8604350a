import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// What the relay brings and what it doesn't: the streams get the log's order.
@Suite struct SequencerTests: SequencerFixtures {
    // MARK: Lost, repeated, reordered

    @Test func `while nothing is missing nobody asks the log`() throws {
        let (node, sink) = try listening()
        let asked = node.access.requests.count
        for id in UInt64(2)...50 {
            try node.publish(id.isMultiple(of: 3) ? "jobs" : "chat", "message.new", id: id)
            node.bring()
        }
        #expect(try sink.ids() == Array(1...50))
        #expect(node.access.requests.count == asked)
    }

    @Test func `what the relay lost is read from the log before the next event`() throws {
        let (node, sink) = try listening()
        try node.publish(2...5)
        node.bring { [$0[3]] }
        #expect(try sink.ids() == [1, 2, 3, 4, 5])
        #expect(try sink.gaps() == [])
        #expect(node.access.readCount == 1)
    }

    @Test func `a lost event is noticed by the next one on another channel`() throws {
        let (node, sink) = try listening()
        try node.publish(2...2)
        try node.publish("jobs", "job.started", id: 3)
        node.bring { [$0[1]] }
        #expect(try sink.ids() == [1, 2, 3])
    }

    @Test func `what comes twice is passed on once`() throws {
        let (node, sink) = try listening()
        try node.publish(2...4)
        node.bring { $0 + [$0[1], $0[0], $0[2]] }
        try node.publish(5...5)
        node.bring { $0 + $0 }
        #expect(try sink.ids() == [1, 2, 3, 4, 5])
        #expect(node.access.readCount == 0)
    }

    @Test func `what comes out of order is put in order`() throws {
        let (node, sink) = try listening()
        try node.publish(2...3)
        try node.publish("jobs", "job.started", id: 4)
        try node.publish(5...6)
        node.bring { $0.reversed() }
        #expect(try sink.ids() == [1, 2, 3, 4, 5, 6])
    }

    @Test func `late ids come in the order of their arrival`() throws {
        let (node, sink) = try listening()
        for id: UInt64 in [3, 9, 5, 4, 10] { try node.publish("chat", "message.new", id: id) }
        node.bring { [$0[0], $0[3], $0[1], $0[4], $0[2]] }
        #expect(try sink.ids() == [1, 3, 9, 5, 4, 10])
    }

    @Test(arguments: 0..<50)
    func `whatever a relay does, streams get each event once and in the log's order`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let (node, sink) = try listening()
        var id: UInt64 = 1
        for _ in 0..<30 {
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                id += 1
                try node.publish(Bool.random(using: &random) ? "chat" : "jobs", "message.new", id: id)
            }
            node.access.holdsAnswers = Bool.random(using: &random)
            if !node.access.holdsAnswers { node.access.answerAll() }
            node.access.answer(Int.random(in: 0...1, using: &random))
            node.bring { messages in
                var brought = messages.filter { _ in Int.random(in: 0...9, using: &random) < 7 }
                if Bool.random(using: &random) { brought.shuffle(using: &random) }
                if let again = messages.randomElement(using: &random) { brought.append(again) }
                return brought
            }
        }
        node.access.answerAll()
        id += 1
        try node.publish("chat", "message.new", id: id)
        node.bring()
        #expect(try sink.ids() == Array(1...id))
        #expect(try sink.gaps() == [])
    }

    @Test func `events that are not kept do not overtake those that wait`() throws {
        let (node, sink) = try listening()
        node.access.holdsAnswers = true
        try node.publish(2...3)
        node.bring { [$0[1]] }
        try node.batch(typing, ("chat", #"{"event":"broadcast","data":0}"#))
        #expect(try sink.summary() == ["connected", "1"])
        node.access.answerAll()
        #expect(try sink.summary() == ["connected", "1", "2", "3", "typing.start", "broadcast"])
    }

    // MARK: Ids that publishers send through the relay alone

    @Test func `a publisher's own ids are written into the log, and reach the streams in order`() throws {
        let (node, sink) = try listening()
        try node.batch(raw(3), raw(7), raw(5), raw(7), raw(8, "jobs"))
        #expect(try sink.ids() == [1, 3, 7, 5, 8])
        try node.batch(raw(5), raw(9))
        #expect(try sink.ids() == [1, 3, 7, 5, 8, 9])
        let late = try node.open("chat", "jobs", cursor: .after(7))
        #expect(try late.sink.ids() == [5, 8, 9])
    }

    @Test func `events of one batch are written together`() throws {
        let (node, sink) = try listening()
        node.access.holdsAnswers = true
        try node.batch(raw(2), raw(3), typing, raw(4))
        node.access.answerAll()
        #expect(try sink.summary() == ["connected", "1", "2", "3", "typing.start", "4"])
        let records = node.access.requests.filter { if case .record = $0 { true } else { false } }
        // The first of a batch does not wait for the others; those that came meanwhile go together.
        #expect(records.suffix(2) == [.record([2]), .record([3, 4])])
    }

    @Test func `what another node has written comes at the log's place for it, once`() throws {
        let (node, sink) = try listening()
        // The other node heard 8 first, so 7 is late.
        _ = node.log.record([try heard(8), try heard(7)], of: .p1)
        try node.batch(raw(7), raw(8))
        #expect(try sink.ids() == [1, 8, 7])
        try node.batch(raw(9))
        #expect(try sink.ids() == [1, 8, 7, 9])
    }

    @Test func `what only another node heard comes with the next event`() throws {
        let (node, sink) = try listening()
        _ = node.log.record([try heard(2), try heard(3)], of: .p1)
        try node.batch(raw(4))
        #expect(try sink.ids() == [1, 2, 3, 4])
    }

    @Test func `an own id in a project of the hub's ids is delivered without it, and counted`() throws {
        let node = try Node()
        let sink = try node.open("chat", "jobs").sink
        let first = try #require(try node.publish("chat", "message.new"))
        node.bring()
        try node.batch(raw(5))
        let second = try #require(try node.publish("chat", "message.new"))
        node.bring()
        #expect(try sink.summary() == ["connected", "\(first)", "message.new", "\(second)"])
        #expect(try sink.events()[2].data == "5")
        #expect(node.rejections.totals == ["timeline_owner_mismatch": 1])
    }

    // MARK: Too much to hold

    @Test func `what is too much to hold is read from the log, and the rest is told`() throws {
        let (node, sink) = try listening { $0.tailEvents = 4 }
        try node.publish(2...10)
        node.access.holdsAnswers = true
        node.bring { Array($0.dropFirst()) }
        for _ in 0..<6 { try node.batch(typing) }
        node.access.answerAll()
        #expect(try sink.ids() == Array(1...10))
        #expect(try sink.gaps() == ["log_unavailable"])
        try node.publish(11...11)
        node.bring()
        #expect(try sink.ids() == Array(1...11))
    }

    @Test func `bytes are too much to hold as well`() throws {
        let (node, sink) = try listening { $0.tailBytes = 1_000 }
        try node.publish(2...3)
        node.access.holdsAnswers = true
        node.bring { [$0[1]] }
        let large = #"{"event":"typing.start","data":"\#(String(repeating: "x", count: 600))"}"#
        try node.batch(("chat:p1", large), ("chat:p1", large))
        node.access.answerAll()
        // The first of the two is gone.
        #expect(try sink.summary() == ["connected", "1", "2", "3", "gap", "typing.start"])
    }

    @Test func `a dropped event that no log has may be lost for good, and that is told`() throws {
        let (node, sink) = try listening { $0.tailEvents = 4 }
        node.access.holdsAnswers = true
        for id in UInt64(2)...9 { try node.batch(raw(id)) }
        node.access.answerAll()
        let ids = try sink.ids()
        #expect(ids == ids.sorted() && Set(ids).count == ids.count && ids.last == 9)
        // Whichever it was, it is within what the gap speaks of.
        let gap = try #require(try sink.events(named: "gap").first)
        #expect(gap["reason"] as? String == "log_unavailable")
        let from = try #require(gap["from"] as? UInt64)
        #expect(gap["to"] == nil)
        #expect((1...9).allSatisfy { ids.contains($0) || $0 >= from })
    }

    // MARK: Catalogs of two revisions

    @Test func `what the log has is durable, whatever this node's catalog says`() throws {
        let (node, sink) = try listening()
        let epoch = try node.log.read([try Channel("chat")], of: .p1, after: .id(0), limit: 1).wait().state.epoch
        // Nodes of a newer catalog keep it.
        let envelope =
            #"{"event":"typing.start","id":"2","prev":"1","position":"2-0","log":"\#(epoch)","data":2}"#
        let event = HeardEvent(
            channel: try Channel("chat"), id: try #require(EventID(2)), envelope: ByteBuffer(string: envelope))
        _ = node.log.record([event], of: .p1)
        try node.batch(("chat:p1", envelope))
        try node.publish(3...3)
        node.bring()
        #expect(try sink.summary() == ["connected", "1", "2", "3"])
        #expect(node.rejections.totals == [:])
    }
}
