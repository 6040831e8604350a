import Foundation
import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct LifecycleTests {
    @Test func `a stream opens when the relay has confirmed its channels`() throws {
        let node = try Node()
        node.relay.holdsConfirmations = true
        let first = try node.open("chat")
        let second = try node.open("chat", user: "u2")
        #expect(first.sink.text.isEmpty)
        #expect(second.sink.text.isEmpty)
        #expect(node.relay.subscribed.map(\.name) == ["chat:p1", "chat"])
        node.relay.held.forEach { $0.succeed() }
        for stream in [first, second] { #expect(try stream.sink.events().map(\.event) == ["connected"]) }
    }

    @Test func `a stream opens without a relay, and hears of the hole when it is back`() throws {
        let node = try Node()
        node.relay.holdsConfirmations = true
        let stream = try node.open("chat", "jobs")
        node.relay.held.forEach { $0.fail(RelayError.unavailable("down")) }
        #expect(try stream.sink.events().map(\.event) == ["connected"])
        node.intake.relayReconnected()
        let gap = try #require(try stream.sink.events().last)
        #expect(gap.event == "gap")
        #expect(gap.data.hasPrefix(#"{"project_id":"p1","channels":["chat","jobs"],"reason":"relay_reconnected""#))
    }

    @Test func `a relay that never confirms does not hold a stream for ever`() throws {
        let node = try Node()
        node.relay.holdsConfirmations = true
        let stream = try node.open("chat")
        node.advance(milliseconds: 2_000)
        #expect(try stream.sink.events().map(\.event) == ["connected"])
        // What was published before the late confirmation is lost, so the stream is told.
        node.relay.held.forEach { $0.succeed() }
        #expect(try stream.sink.events().map(\.event) == ["connected", "gap"])
    }

    @Test func `each stream is told of a relay's hole once, with its own channels, in order`() throws {
        let node = try Node()
        let one = try node.open("chat")
        let both = try node.open("chat", "presence", user: "u2")
        let slow = try node.open("presence", user: "u3")
        slow.sink.stall()
        try node.batch(("presence:p1", #"{"event":"a","data":1}"#))
        node.intake.relayReconnected()
        try node.batch(("presence:p1", #"{"event":"b","data":1}"#))
        #expect(slow.sink.resume())
        slow.session.sinkDrained()
        #expect(try one.sink.events().map(\.event) == ["connected", "gap"])
        #expect(try both.sink.events().map(\.event) == ["connected", "a", "gap", "b"])
        #expect(try slow.sink.events().map(\.event) == ["connected", "a", "gap", "b"])
        #expect(try both.sink.events()[2].data.contains(#""channels":["chat","presence"]"#))
        #expect(try one.sink.events()[1].data.contains(#""channels":["chat"]"#))
        #expect(try node.delivered("presence") == 4)
    }

    @Test func `the last stream's leaving unsubscribes after the linger, and a reload costs nothing`() throws {
        let node = try Node()
        let first = try node.open("chat")
        first.session.sinkClosed(.client)
        node.advance(milliseconds: 59_000)
        let second = try node.open("chat")
        #expect(try second.sink.events().count == 1)
        node.advance(milliseconds: 120_000)
        #expect(node.relay.unsubscribed.isEmpty)
        #expect(node.relay.subscribed.count == 2)
        second.session.sinkClosed(.client)
        node.advance(milliseconds: 61_000)
        #expect(Set(node.relay.unsubscribed.map(\.name)) == ["chat:p1", "chat"])
    }

    @Test func `who comes back while another channel's linger ends still hears everything`() throws {
        let node = try Node()
        let chat = try node.open("chat")
        let jobs = try node.open("jobs")
        chat.session.sinkClosed(.client)
        node.advance(milliseconds: 30_000)
        jobs.session.sinkClosed(.client)
        // Over for chat, not for jobs.
        node.advance(milliseconds: 35_000)
        let again = try node.open("jobs", "chat")
        try node.batch(("jobs:p1", #"{"event":"j","data":1}"#), ("chat:p1", #"{"event":"c","data":1}"#))
        #expect(try again.sink.events().map(\.event) == ["connected", "j", "c"])
    }

    @Test func `figures of a project that is gone stay in the sums`() throws {
        let node = try Node()
        let stream = try node.open("chat")
        try node.batch(("chat:p1", #"{"event":"a","data":1}"#))
        stream.session.sinkClosed(.client)
        node.advance(milliseconds: 62_000)
        let figures = node.shard.figures(project: nil)
        #expect(try node.delivered("chat") == 1)
        #expect(figures.counters.opened == 1)
        #expect(figures.counters.closed == [.client: 1])
        #expect(figures.projects.isEmpty)
        #expect(figures.users.isEmpty)
    }

    @Test func `the connected frame says where the stream stands`() throws {
        let node = try Node()
        let first = try node.open("chat", "jobs")
        try node.batch(("chat:p1", #"{"event":"message.new","id":131,"data":1}"#))
        let connected = try #require(try first.sink.events().first)
        #expect(connected.id == nil)
        #expect(connected.data.contains(#""channels":["chat","jobs"]"#))
        #expect(connected.data.contains(#""events":["message.new","message.replay","typing.start","#))
        #expect(connected.data.contains(#""build.status"],"recovered":true,"heartbeat_ms":25000"#))
        let level = try node.open("chat", user: "u2", cursor: .after(131))
        #expect(try level.sink.events().map(\.event) == ["connected", "replay.end"])
        #expect(level.sink.text.contains(#""from_seq":131,"latest_seq":131,"recovered":true"#))
        let older = try node.open("chat", user: "u3", cursor: .after(120))
        #expect(try older.sink.events().map(\.event) == ["connected", "gap", "message.replay", "replay.end"])
        #expect(older.sink.text.contains(#""from_seq":120,"latest_seq":131,"recovered":false"#))
        #expect(older.sink.text.contains(#""reason":"cursor_not_found","from":121,"to":130"#))
        let unreadable = try node.open("chat", user: "u4", cursor: .unreadable)
        #expect(try unreadable.sink.events().map(\.event) == ["connected", "gap"])
    }

    @Test func `silent streams get heartbeats, busy ones and blocked ones do not`() throws {
        let node = try Node { $0.slowConsumerMilliseconds = 120_000 }
        let silent = try node.open("jobs", user: "silent", heartbeat: 5_000)
        let visible = try node.open("jobs", user: "visible", heartbeat: 5_000, heartbeatIsEvent: true)
        let busy = try node.open("chat", user: "busy", heartbeat: 5_000)
        let blocked = try node.open("presence", user: "blocked", heartbeat: 5_000)
        blocked.sink.stall()
        try node.batch(("presence:p1", #"{"event":"a","data":1}"#))
        let writes = blocked.sink.writes.count
        for _ in 0..<21 {
            node.advance(milliseconds: 1_000)
            try node.batch(("chat:p1", #"{"event":"a","data":1}"#))
        }
        let beats = silent.sink.text.components(separatedBy: ": heartbeat\n\n").count - 1
        #expect((4...5).contains(beats))
        #expect((4...5).contains(try visible.sink.events().filter { $0.event == "heartbeat" }.count))
        #expect(!busy.sink.text.contains("heartbeat\n"))
        #expect(blocked.sink.writes.count == writes)
    }

    @Test func `heartbeats of streams that heard the same event are spread`() throws {
        let node = try Node()
        let streams = try (0..<500).map { try node.open("chat", user: "u\($0)", heartbeat: 60_000) }
        try node.batch(("chat:p1", #"{"event":"a","data":1}"#))
        let before = streams.map(\.sink.flushes)
        var ticksWithBeats = 0
        var last = before.reduce(0, +)
        for _ in 0..<260 {
            node.advance(milliseconds: 250)
            let now = streams.map(\.sink.flushes).reduce(0, +)
            if now > last { ticksWithBeats += 1 }
            last = now
        }
        #expect(zip(streams, before).allSatisfy { $0.sink.flushes > $1 })
        #expect(ticksWithBeats >= 15)
    }

    @Test func `a closed stream leaves nothing behind`() throws {
        let node = try Node()
        weak var session: StreamSession?
        weak var sink: RecordingSink?
        do {
            let kept = try (0..<20).map { try node.open("chat", user: "u\($0)") }
            let stream = try node.open("chat")
            (session, sink) = (stream.session, stream.sink)
            stream.sink.stall()
            try node.batch(("chat:p1", #"{"event":"a","data":1}"#))
            stream.session.sinkClosed(.client)
            #expect(kept.count == 20)
        }
        #expect(session == nil)
        #expect(sink == nil)
    }

    @Test func `a drain ends every stream with its own retry, spread over the time it has`() throws {
        let node = try Node()
        let streams = try (0..<10).map { try node.open("chat", user: "u\($0)") }
        let drained = node.shard.drain(over: .seconds(10))
        var isDone = false
        drained.assumeIsolated().whenSuccess { isDone = true }
        node.advance(milliseconds: 4_500)
        #expect((4...6).contains(streams.count { $0.sink.isClosed }))
        #expect(!isDone)
        node.advance(milliseconds: 5_500)
        #expect(streams.allSatisfy { $0.sink.isClosed })
        #expect(isDone)
        var retries: Set<String> = []
        for stream in streams {
            let last = try #require(try stream.sink.events().last)
            #expect(last.event == "server_close")
            #expect(last.data.hasPrefix(#"{"reason":"draining","reconnect":true,"retry_ms":"#))
            retries.insert(last.data)
        }
        #expect(retries.count > 1)
        let late = try node.open("chat", user: "late")
        #expect(late.sink.isClosed)
    }
}
