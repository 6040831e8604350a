import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// What an operator is told that became of an event.
@Suite struct StreamViewTests {
    private func outcome(
        _ id: UInt64, on name: String = "chat", for session: StreamSession, _ node: Node
    ) throws -> Explanation.Outcome {
        session.view.outcome(of: LogPosition(high: id, late: 0), on: try #require(node.catalog.index(of: name)))
    }

    private func publish(_ node: Node, _ id: UInt64, on channel: String = "chat") throws {
        try node.publish(channel, "message.new", id: id)
        node.bring()
    }

    @Test func `what came before a channel was added was not delivered`() throws {
        let node = try Node()
        let (session, _) = try node.open("chat")
        // Somebody else has it, so that the node hears of it.
        _ = try node.open("jobs", user: "u2")
        try publish(node, 1, on: "jobs")
        session.change(ChannelChange(adding: try node.channels(["jobs"])))
        try publish(node, 2, on: "jobs")
        try publish(node, 3)
        #expect(try outcome(1, on: "jobs", for: session, node) == .beforeItBegan)
        #expect(try outcome(2, on: "jobs", for: session, node) == .delivered)
        #expect(try outcome(3, for: session, node) == .delivered)
        #expect(try outcome(4, for: session, node) == .pending)
    }

    @Test func `what came before a channel was removed was delivered`() throws {
        let node = try Node()
        let (session, _) = try node.open("chat", "jobs")
        _ = try node.open("chat", user: "u2")
        try publish(node, 1)
        session.change(ChannelChange(removing: try node.channels(["chat"])))
        try publish(node, 2)
        #expect(try outcome(1, for: session, node) == .delivered)
        #expect(try outcome(2, for: session, node) == .notForIt)
        session.change(ChannelChange(adding: try node.channels(["chat"])))
        try publish(node, 3)
        #expect(try outcome(1, for: session, node) == .delivered)
        #expect(try outcome(2, for: session, node) == .beforeItBegan)
        #expect(try outcome(3, for: session, node) == .delivered)
    }

    @Test func `an added channel begins where its replay does`() throws {
        let node = try Node()
        let (session, sink) = try node.open("jobs")
        _ = try node.open("chat", user: "u2")
        for id in UInt64(1)...4 { try publish(node, id) }
        session.change(ChannelChange(adding: try node.channels(["chat"]), fromSequence: 2))
        node.loop.run()
        #expect(try sink.events().contains { $0.event == "replay.end" })
        #expect(try outcome(2, for: session, node) == .beforeItBegan)
        #expect(try outcome(3, for: session, node) == .delivered)
        #expect(try outcome(4, for: session, node) == .delivered)
    }

    @Test func `what a capped replay left out was not delivered`() throws {
        let node = try Node { $0.replayLimit = 3 }
        _ = try node.open("chat", user: "u2")
        for id in UInt64(1)...10 { try publish(node, id) }
        let (session, sink) = try node.open("chat", cursor: .after(2))
        node.loop.run()
        #expect(try sink.events().contains { $0.event == "gap" })
        try publish(node, 11)
        let outcomes = try (UInt64(1)...12).map { try outcome($0, for: session, node).rawValue }
        #expect(
            outcomes == ["before_it_began", "before_it_began", "delivered", "delivered", "delivered"]
                + Array(repeating: "left_out", count: 5) + ["delivered", "pending"])
    }

    @Test func `a stream that changes all day takes a bounded memory, and says what it has forgotten`() throws {
        let node = try Node()
        let (session, _) = try node.open("jobs")
        _ = try node.open("chat", user: "u2")
        for id in UInt64(1)...40 {
            session.change(ChannelChange(adding: try node.channels(["chat"])))
            try publish(node, id)
            session.change(ChannelChange(removing: try node.channels(["chat"])))
        }
        #expect(try outcome(1, for: session, node) == .unknown)
        #expect(try outcome(40, for: session, node) == .delivered)
    }
}
