import NIOCore
import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct DeliveryTests {
    @Test func `an event reaches the streams on its channel with its bytes untouched`() throws {
        let node = try Node()
        let chat = try node.open("chat")
        let jobs = try node.open("jobs")
        try node.batch(("chat:p1", #"{"event":"message.new","id":"7","data":{"a": 1 }}"#))
        #expect(chat.sink.text.hasSuffix("id: 7\nevent: message.new\ndata: {\"a\": 1 }\n\n"))
        #expect(try jobs.sink.events().map(\.event) == ["connected"])
    }

    @Test func `two streams of one user with different channels each get exactly theirs`() throws {
        let node = try Node()
        let one = try node.open("chat", "jobs")
        let other = try node.open("presence")
        try node.batch(
            ("chat:p1", #"{"event":"a","data":1}"#), ("presence:p1", #"{"event":"b","data":2}"#),
            ("jobs:p1", #"{"event":"c","data":3}"#)
        )
        #expect(try one.sink.events().map(\.event) == ["connected", "a", "c"])
        #expect(try other.sink.events().map(\.event) == ["connected", "b"])
    }

    @Test func `a stream that leaves takes its channels with it`() throws {
        let node = try Node()
        let leaving = try node.open("chat", "jobs")
        let staying = try node.open("jobs")
        leaving.session.sinkClosed(.client)
        try node.batch(("jobs:p1", #"{"event":"c","data":3}"#), ("chat:p1", #"{"event":"a","data":1}"#))
        #expect(try leaving.sink.events().map(\.event) == ["connected"])
        #expect(try staying.sink.events().map(\.event) == ["connected", "c"])
        #expect(try node.delivered("chat") == 0)
    }

    @Test func `streams that leave together get nothing more at once, and are cleared away in turns`() throws {
        let node = try Node()
        let turn = PacedWork.piecesPerTurn
        let leaving = try (0..<3 * turn).map { _ in try node.open("chat") }
        let staying = try node.open("chat")
        var gone = 0
        for stream in leaving { stream.session.sinkClosed(.client) { gone += 1 } }
        #expect(leaving.allSatisfy { node.shard.view(of: $0.session.connection) == nil })
        try node.batch(("chat:p1", #"{"event":"a","data":1}"#))
        #expect(try leaving.allSatisfy { try $0.sink.events().map(\.event) == ["connected"] })
        #expect(try node.delivered("chat") == 1)
        for turns in 1...3 {
            #expect(gone == turns * turn && node.shard.openCount == (3 - turns) * turn + 1)
            node.loop.advanceTime(by: PacedWork.pause)
        }
        // One that has ended has ended.
        leaving[0].session.sinkClosed(.error) { gone += 1 }
        #expect(gone == 3 * turn + 1)
        #expect(node.shard.figures(project: nil).counters.closed == [.client: UInt64(3 * turn)])
        try node.batch(("chat:p1", #"{"event":"b","data":1}"#))
        #expect(try staying.sink.events().map(\.event) == ["connected", "a", "b"])
    }

    @Test func `another project hears nothing`() throws {
        let node = try Node()
        let other = try node.open("chat", project: "p2")
        _ = try node.open("chat", project: "p1")
        try node.batch(("chat:p1", #"{"event":"a","data":1}"#))
        #expect(try other.sink.events().count == 1)
    }

    @Test func `an alias of a channel brings events to the channel`() throws {
        let node = try Node()
        let jobs = try node.open("jobs")
        try node.batch(("job:p1", #"{"event":"job_started","data":{}}"#))
        #expect(try jobs.sink.events().last?.event == "job_started")
        #expect(node.relay.subscribed.map(\.name) == ["jobs:p1", "jobs", "job:p1", "job"])
    }

    @Test func `a broadcast reaches the channel in every project and carries no id`() throws {
        let node = try Node()
        let streams = try ["p1", "p2"].map { try node.open("chat", project: $0) }
        let deaf = try node.open("jobs", project: "p3")
        try node.batch(("chat", #"{"event":"message.new","id":9,"data":1}"#))
        for stream in streams {
            let last = try #require(try stream.sink.events().last)
            #expect(last.event == "message.new")
            #expect(last.id == nil)
        }
        #expect(try deaf.sink.events().count == 1)
        #expect(node.rejections.totals["ignored_id"] == 1)
    }

    @Test func `an event for one user reaches only that user's streams on the channel`() throws {
        let node = try Node()
        let mine = try node.open("chat", user: "u1")
        let mineElsewhere = try node.open("jobs", user: "u1")
        let theirs = try node.open("chat", user: "u2")
        try node.batch(
            ("chat:p1", #"{"event":"before","data":0}"#),
            ("chat:p1", #"{"event":"secret","data":1,"to":{"user":"u1"}}"#),
            ("chat:p1", #"{"event":"after","data":2}"#)
        )
        #expect(try mine.sink.events().map(\.event) == ["connected", "before", "secret", "after"])
        #expect(try mineElsewhere.sink.events().map(\.event) == ["connected"])
        #expect(try theirs.sink.events().map(\.event) == ["connected", "before", "after"])
        #expect(try node.delivered("chat") == 5)
    }

    @Test func `a batch is one write and one flush for each stream, of bytes encoded once`() throws {
        let node = try Node()
        let streams = try (0..<3).map { try node.open("chat", user: "u\($0)") }
        try node.batch(
            ("chat:p1", #"{"event":"a","data":1}"#), ("chat:p1", #"{"event":"b","data":2}"#),
            ("chat:p1", #"{"event":"c","data":3}"#)
        )
        var addresses: Set<UnsafeRawPointer> = []
        for (_, sink) in streams {
            #expect(sink.flushes == 2)
            #expect(sink.writes.count == 2)
            let bytes = try #require(sink.writes.last)
            addresses.insert(bytes.withUnsafeReadableBytes { $0.baseAddress! })
        }
        #expect(addresses.count == 1)
    }

    @Test func `an id on an ephemeral event or one that is no number is ignored and counted`() throws {
        let node = try Node()
        let chat = try node.open("chat")
        try node.batch(
            ("chat:p1", #"{"event":"typing.start","id":5,"data":1}"#),
            ("chat:p1", #"{"event":"message.new","id":"01J9ZK","data":2}"#)
        )
        #expect(try chat.sink.events().dropFirst().map(\.id) == [nil, nil])
        #expect(node.rejections.totals["ignored_id"] == 2)
    }

    @Test func `bad envelopes are counted by reason and change nothing`() throws {
        let node = try Node { $0.maximumEnvelopeBytes = 100 }
        let chat = try node.open("chat")
        try node.batch(
            ("chat:p1", "{"), ("chat:p1", #"{"event":"gap","data":1}"#), ("chat:p1", #"{"event":"a\nb","data":1}"#),
            ("chat:p1", #"{"data":1}"#), ("chat:p1", #"{"event":"a"}"#),
            ("chat:p1", #"{"event":"a","data":1,"to":{"group":"g"}}"#),
            ("chat:p1", #"{"event":"a","data":"\#(String(repeating: "x", count: 100))"}"#)
        )
        #expect(try chat.sink.events().count == 1)
        #expect(
            node.rejections.totals == [
                "malformed_envelope": 1, "reserved_event": 1, "invalid_event": 1, "missing_event": 1,
                "missing_data": 1, "invalid_recipient": 1, "too_large": 1,
            ]
        )
    }
}
