import Foundation
import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// Of events that replace each other, a stream that is behind gets the newest.
@Suite struct ConflationTests {
    private typealias Slow = (session: StreamSession, sink: RecordingSink)

    private func presence(_ user: String, _ status: String, to recipient: String? = nil) -> (String, String) {
        let to = recipient.map { #","to":{"user":"\#($0)"}"# } ?? ""
        return (
            "presence:p1", #"{"event":"presence.changed","data":{"status":"\#(status)","userId":"\#(user)"}\#(to)}"#
        )
    }

    private func typing(_ what: String, _ user: String) -> (String, String) {
        ("chat:p1", #"{"event":"typing.\#(what)","data":{"userId":"\#(user)"}}"#)
    }

    /// A stream that has one event in flight, `other 0`, and takes nothing more.
    private func stalled(_ node: Node, _ channels: String..., user: String = "slow") throws -> Slow {
        let sink = RecordingSink()
        let request = StreamRequest(
            user: try UserID(user), project: .p1, channels: try node.channels(channels + ["jobs"])
        )
        let session = node.shard.open(request, sink: sink)
        sink.stall()
        try node.batch(("jobs:p1", #"{"event":"other","data":0}"#))
        return (session, sink)
    }

    private func resume(_ slow: Slow) {
        for _ in 0..<100 where slow.session.isBehind {
            if slow.sink.resume() { slow.session.sinkDrained() }
        }
    }

    /// What a stream got, without its beginning.
    private func events(_ sink: RecordingSink) throws -> [String] {
        try sink.events().dropFirst(2).map { event in
            let data = try JSONSerialization.jsonObject(with: Data(event.data.utf8), options: .fragmentsAllowed)
            guard let data = data as? [String: Any] else { return event.event }
            let parts = [data["userId"], data["status"]].compactMap { $0.map { "\($0)" } }
            return ([event.event] + parts).joined(separator: " ")
        }
    }

    @Test func `who is behind gets the newest of each, in the order in which they came, and who is not gets every one`()
        throws
    {
        let node = try Node()
        let slow = try stalled(node, "presence")
        let fast = try node.open("presence", user: "fast")
        for number in 0..<20 {
            try node.batch(presence("a", "\(number)"), presence("b", "\(number)"))
        }
        try node.batch(presence("a", "last"))
        resume(slow)
        #expect(try events(slow.sink) == ["presence.changed b 19", "presence.changed a last"])
        #expect(try fast.sink.events().count == 42)
        #expect(try node.delivered("presence") == 43)
        try node.batch(presence("a", "live"), presence("a", "live"))
        #expect(try events(slow.sink).suffix(2) == ["presence.changed a live", "presence.changed a live"])
    }

    @Test func `what lies between is complete and in order`() throws {
        let node = try Node()
        let slow = try stalled(node, "presence", "chat")
        for number in 0..<30 {
            try node.batch(presence("a", "\(number)"), ("chat:p1", #"{"event":"m\#(number)","data":0}"#))
        }
        resume(slow)
        #expect(try events(slow.sink) == (0..<29).map { "m\($0)" } + ["presence.changed a 29", "m29"])
    }

    @Test func `events of a group replace each other, others do not`() throws {
        let node = try Node()
        let slow = try stalled(node, "chat")
        let build = ("chat:p1", #"{"event":"build.status","data":{"build":{"id":"u1"},"status":"built"}}"#)
        let nothing = ("chat:p1", #"{"event":"typing.start","data":{"user":"u1"}}"#)
        let unlisted = ("chat:p1", #"{"event":"typing.pause","data":{"userId":"u1"}}"#)
        try node.batch(
            typing("start", "u1"), build, typing("start", "u2"), nothing, nothing, unlisted, typing("stop", "u1"))
        resume(slow)
        #expect(
            try events(slow.sink) == [
                "build.status built", "typing.start u2", "typing.start", "typing.start", "typing.pause u1",
                "typing.stop u1",
            ])
    }

    @Test func `a snapshot replaces everything before it, and nothing after it`() throws {
        let node = try Node()
        let slow = try stalled(node, "presence")
        let snapshot = ("presence:p1", #"{"event":"presence.snapshot","data":{"projectId":"p1","users":[]}}"#)
        try node.batch(presence("a", "1"), presence("b", "1"), snapshot)
        try node.batch(presence("a", "2"), snapshot, presence("a", "3"), presence("b", "3"))
        resume(slow)
        #expect(
            try events(slow.sink) == ["presence.snapshot", "presence.changed a 3", "presence.changed b 3"])
    }

    @Test func `a private event replaces its recipient's alone`() throws {
        let node = try Node()
        let mine = try stalled(node, "presence", user: "u1")
        let other = try stalled(node, "presence", user: "u2")
        try node.batch(
            presence("a", "1"), presence("a", "2", to: "u1"), presence("a", "3", to: "u2"),
            presence("a", "4", to: "u1"))
        mine.session.sinkDrained()
        resume(mine)
        resume(other)
        #expect(try events(mine.sink).suffix(2) == ["presence.changed a 1", "presence.changed a 4"])
        #expect(try events(other.sink) == ["presence.changed a 1", "presence.changed a 3"])
    }

    @Test func `what has an id is never replaced`() throws {
        let json = """
            {"version": 1, "channels": [{"name": "chat", "durable": true, "events": [
                {"name": "e", "conflate": "k"}]}]}
            """
        var rules = ConflationRules(try Catalog(json: Data(json.utf8)))
        let data = Array(#"{"k":1}"#.utf8)
        // The rule is there; it is the intake that asks only for events without an id.
        let name = try EventName("e")
        let conflation = data.withUnsafeBytes {
            rules.conflation(of: name, in: 0, to: nil, data: $0)
        }
        #expect(conflation?.value == "1")
        let node = try Node()
        let slow = try stalled(node, "chat")
        node.listenElsewhere()
        for id in UInt64(1)...3 { try node.publish("chat", "message.new", id: id) }
        node.bring()
        resume(slow)
        #expect(try slow.sink.ids() == [1, 2, 3])
    }

    // MARK: Off the tail

    @Test func `who falls off the tail gets the newest of each that it has not had, and hears of no gap`() throws {
        let node = try Node { $0.tailBytes = 4_000 }
        let slow = try stalled(node, "presence")
        try node.batch(presence("early", "1"))
        for number in 0..<1_000 {
            try node.batch(presence("u\(number % 10)", "\(number)"))
            #expect(node.shard.figures(project: nil).tailBytes <= 4_000)
        }
        resume(slow)
        #expect(
            try events(slow.sink) == ["presence.changed early 1"]
                + (990..<1_000).map {
                    "presence.changed u\($0 % 10) \($0)"
                })
        #expect(try slow.sink.gaps() == [])
        #expect(node.shard.figures(project: nil).tailBytes == 0)
    }

    @Test func `what it had before it fell off does not come again`() throws {
        let node = try Node { $0.tailBytes = 1_000 }
        let slow = try stalled(node, "presence", "chat")
        try node.batch(presence("a", "1"))
        // It reads on, and stalls again.
        #expect(slow.sink.resume())
        slow.sink.stall()
        slow.session.sinkDrained()
        try node.batch(presence("b", "1"))
        for number in 0..<50 { try node.batch(presence("c", "\(number)")) }
        resume(slow)
        #expect(try events(slow.sink) == ["presence.changed a 1", "presence.changed b 1", "presence.changed c 49"])
        #expect(try slow.sink.gaps() == [])
    }

    @Test func `other loss is still told, and only on its own channel`() throws {
        let node = try Node { $0.tailBytes = 1_000 }
        let slow = try stalled(node, "presence", "chat")
        try node.batch(presence("a", "1"), ("chat:p1", #"{"event":"typing.pause","data":0}"#))
        for number in 0..<50 { try node.batch(presence("b", "\(number)")) }
        resume(slow)
        #expect(try events(slow.sink) == ["gap", "presence.changed a 1", "presence.changed b 49"])
        #expect(try slow.sink.events(named: "gap").first?["channels"] as? [String] == ["chat"])
    }

    @Test func `where there is no room to keep the newest of each, that is told`() throws {
        let node = try Node { $0.tailBytes = 2_000 }
        let slow = try stalled(node, "presence", "chat")
        for number in 0..<500 { try node.batch(presence("u\(number)", "1")) }
        #expect(node.shard.figures(project: nil).tailBytes <= 2_000)
        resume(slow)
        let got = try events(slow.sink)
        #expect(got.first == "gap")
        #expect(try slow.sink.gaps() == ["tail_overrun"])
        #expect(got.last == "presence.changed u499 1")
        #expect(got.count > 10)
        #expect(try slow.sink.events(named: "gap").first?["channels"] as? [String] == ["presence"])
    }

    @Test func `what was kept comes in portions, and what is replaced meanwhile does not come`() throws {
        let node = try Node()
        let slow = try stalled(node, "presence")
        _ = try node.open("chat", user: "fast")
        let padding = String(repeating: "x", count: 1_000)
        for number in 0..<400 { try node.batch(presence("u\(number)", "\(number)\(padding)")) }
        for number in 0..<800 { try node.batch(("chat:p1", #"{"event":"m","data":"\#(number)\#(padding)"}"#)) }
        #expect(slow.sink.resume())
        slow.sink.stall()
        slow.session.sinkDrained()
        #expect(slow.sink.pendingBytes < 2 * Segment.capacity)
        #expect(slow.sink.pendingBytes > Segment.capacity / 2)
        for number in 0..<400 { try node.batch(presence("u\(number)", "new")) }
        resume(slow)
        let got = try slow.sink.events(named: "presence.changed")
        var statuses: [String: [String]] = [:]
        for event in got { statuses["\(event["userId"] ?? "")", default: []].append("\(event["status"] ?? "")") }
        #expect(statuses.count == 400)
        #expect(statuses.values.allSatisfy { $0.last == "new" })
        let twice = statuses.values.count { $0.count == 2 }
        #expect(twice > 10 && twice < 200)
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `at any pace the newest of each arrives, in order, and everything else is complete or told`(seed: UInt64)
        throws
    {
        var random = SeededGenerator(seed: seed)
        let bytes = [400, 2_000, 1 << 20].randomElement(using: &random) ?? 400
        let node = try Node {
            $0.tailBytes = bytes
            $0.slowConsumerMilliseconds = 10_000_000
        }
        node.listenElsewhere()
        let slow = try stalled(node, "presence", "chat")
        let fast = try node.open("presence", user: "fast")
        var id: UInt64 = 0
        var newest: [String: Int] = [:]
        for number in 0..<300 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let user = "u\(Int.random(in: 0..<6, using: &random))"
                newest[user] = number
                let (topic, payload) = presence(user, "\(number)")
                try node.receive(topic, payload)
            }
            if Bool.random(using: &random) {
                id += 1
                try node.publish("chat", "message.new", id: id)
            }
            node.bring()
            let allowance = Int.random(in: 0...150, using: &random)
            if slow.sink.resume(bytes: allowance) { slow.session.sinkDrained() }
        }
        resume(slow)
        #expect(slow.session.state == .live)
        #expect(try slow.sink.ids() == (id == 0 ? [] : Array(1...id)))
        var last: [String: Int] = [:]
        for event in try slow.sink.events(named: "presence.changed") {
            let user = try #require(event["userId"] as? String)
            let number = try #require((event["status"] as? String).flatMap { Int($0) })
            #expect(number >= last[user] ?? 0)
            last[user] = number
        }
        // Six of them find room in half of the smallest tail only in part.
        if bytes > 400 {
            #expect(last == newest)
            #expect(try slow.sink.gaps() == [])
        } else if last != newest {
            #expect(try slow.sink.gaps().contains("tail_overrun"))
        }
        #expect(try fast.sink.events(named: "presence.changed").count > newest.count)
        #expect(node.shard.figures(project: nil).tailBytes == 0)
    }
}
