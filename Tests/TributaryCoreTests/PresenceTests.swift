import NIOCore
import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// Streams are told who is there, and who comes and goes.
@Suite struct PresenceTests {
    private func admit(_ node: Node, _ names: String..., user: String) throws -> (
        session: StreamSession, sink: RecordingSink
    ) {
        let request = StreamRequest(user: try UserID(user), project: .p1, channels: try node.channels(names))
        let answer = node.registrar.admit(request, on: node.shard)
        node.loop.run()
        try answer.wait()
        let sink = RecordingSink()
        let session = node.shard.open(request, sink: sink)
        node.loop.run()
        return (session, sink)
    }

    private func changes(_ sink: RecordingSink) throws -> [String] {
        try sink.events().compactMap { frame in
            switch frame.event {
            case "presence.changed":
                let change = try frame.decoded(PresenceChanged.self)
                return "\(change.userID) \(change.status.rawValue)"
            case "presence.snapshot":
                let users = try frame.decoded(PresenceSnapshot.self).users
                return "[" + users.map { "\($0.userID) \($0.status.rawValue)" }.joined(separator: ", ") + "]"
            default: return nil
            }
        }
    }

    @Test func `a stream is told who is there, then who comes and goes`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        node.start()
        let first = try admit(node, "presence", user: "u1")
        node.bring()
        let second = try admit(node, "chat", user: "u2")
        node.bring()
        second.session.sinkClosed(.client)
        node.loop.run()
        // A reload is silent.
        node.advance(milliseconds: 5_000)
        let third = try admit(node, "chat", user: "u2")
        for _ in 0..<20 { node.advance(milliseconds: 1_000) }
        node.bring()
        let heard = try changes(first.sink)
        #expect(heard == ["[u1 online]", "u1 online", "u2 online"])
        third.session.sinkClosed(.client)
        node.loop.run()
        for _ in 0..<9 { node.advance(milliseconds: 1_000) }
        node.bring()
        #expect(try changes(first.sink).count == 3)
        for _ in 0..<3 { node.advance(milliseconds: 1_000) }
        node.bring()
        let after = try changes(first.sink)
        #expect(after.suffix(1) == ["u2 offline"])
    }

    @Test func `only the first of a user's streams and the last are told of`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        node.start()
        let watcher = try admit(node, "presence", user: "w")
        let streams = try (0..<3).map { _ in try admit(node, "chat", user: "u1") }
        for stream in streams.dropLast() { stream.session.sinkClosed(.client) }
        for _ in 0..<30 { node.advance(milliseconds: 1_000) }
        node.bring()
        #expect(try changes(watcher.sink).filter { $0.hasPrefix("u1") } == ["u1 online"])
    }

    @Test func `what is heard while it is asked who is there comes after the answer`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        node.coordination.holdsAnswers = true
        let request = StreamRequest(
            user: try UserID("u1"), project: .p1, channels: try node.channels(["presence", "chat"]))
        let sink = RecordingSink()
        _ = node.shard.open(request, sink: sink)
        node.loop.run()
        let change = #"{"event":"presence.changed","data":{"userId":"u2","status":"away"}}"#
        try node.batch(("presence:p1", change), ("chat:p1", #"{"event":"typing.start","data":1}"#))
        node.coordination.answerAll()
        node.loop.run()
        // The answer may be older than what was heard: so that is said again.
        #expect(
            try sink.events().map(\.event) == [
                "connected", "presence.changed", "typing.start", "presence.snapshot", "presence.changed",
            ])
    }

    @Test func `streams that come together cost one question`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        node.coordination.holdsAnswers = true
        let sinks = try (0..<100).map { n in try node.open("presence", user: "u\(n)").sink }
        node.coordination.answerAll()
        node.loop.run()
        for sink in sinks { #expect(try changes(sink) == ["[]"]) }
    }

    @Test func `a stream without the presence channel hears nothing of it`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        let stream = try admit(node, "chat", "jobs", user: "u1")
        node.bring()
        #expect(try stream.sink.events().map(\.event) == ["connected"])
    }

    @Test func `a question that was not answered is asked again`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        node.coordination.failure = .unavailable("down")
        let sink = try node.open("presence").sink
        #expect(try changes(sink) == [])
        node.coordination.failure = nil
        node.advance(milliseconds: 1_100)
        #expect(try changes(sink) == ["[]"])
    }

    @Test func `after a wipe those who watch learn who has gone`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        node.start()
        let watcher = try admit(node, "presence", user: "w")
        let ada = try admit(node, "chat", user: "ada")
        node.bring()
        node.advance(milliseconds: 1_000)
        node.coordination.base.removeAll()
        ada.session.sinkClosed(.client)
        node.loop.run()
        #expect(node.relay.told.compactMap { NodeMessage($0.message)?.forgotten } == [["p1"]])
        node.advance(milliseconds: 100)
        node.bring()
        for _ in 0..<5 { node.advance(milliseconds: 1_000) }
        #expect(try changes(watcher.sink).last == "[w online]")
        // Once is enough.
        let count = try changes(watcher.sink).count
        for _ in 0..<30 { node.advance(milliseconds: 1_000) }
        node.bring()
        #expect(try changes(watcher.sink).count == count)
    }

    @Test func `a node that hears of a wipe says again who is there`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        node.start()
        let watcher = try admit(node, "presence", user: "w")
        node.coordination.base.removeAll()
        var message = NodeMessage(from: "n2")
        message.forgotten = ["p1", "p2", "no project"]
        node.intake.relayHeard(message.encoded())
        node.loop.run()
        node.advance(milliseconds: 100)
        #expect(try node.coordination.base.members(of: .p1).wait().map(\.user.id.rawValue) == ["w"])
        for _ in 0..<5 { node.advance(milliseconds: 1_000) }
        #expect(try changes(watcher.sink).filter { $0 == "[w online]" }.count == 2)
    }

    @Test func `the first of a project are no wipe`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        node.start()
        for user in ["a", "b"] { try admit(node, "presence", user: user).session.sinkClosed(.client) }
        for _ in 0..<60 { node.advance(milliseconds: 1_000) }
        _ = try admit(node, "presence", user: "c")
        for _ in 0..<60 { node.advance(milliseconds: 1_000) }
        #expect(!node.relay.told.contains { NodeMessage($0.message)?.forgotten != nil })
    }

    @Test func `after the relay was away everybody is told anew`() throws {
        let node = try Node()
        node.coordination.knowsPresence = true
        let sink = try node.open("presence").sink
        node.advance(milliseconds: 100)
        node.intake.relayDisconnected()
        node.intake.relayReconnected()
        node.advance(milliseconds: 100)
        let events = try sink.events().map(\.event)
        #expect(events == ["connected", "presence.snapshot", "gap", "presence.snapshot"])
    }
}
