import Foundation
import NIOCore
import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// Streams end with their credential, are reviewed, and are renewed in place.
@Suite struct LeaseTests {
    private func closing(_ sink: RecordingSink) throws -> ServerClose? {
        try sink.events().last { $0.event == "server_close" }.map { try $0.decoded(ServerClose.self) }
    }

    private func closed(_ node: Node) -> [StreamCloseReason: UInt64] {
        node.shard.figures(project: nil).counters.closed
    }

    /// A lease that ends so many milliseconds from now.
    private func lease(_ node: Node, ends milliseconds: Int) -> StreamLease {
        StreamLease(expiresAt: node.moment(in: milliseconds))
    }

    /// One that is reviewed so many milliseconds from now, by whoever answers the test's questions.
    private func lease(_ node: Node, reviewedAfter milliseconds: Int) -> StreamLease {
        StreamLease(review: StreamLease.Review(at: node.moment(in: milliseconds)) { _ in .revoked })
    }

    /// Time passes tick by tick.
    private func pass(_ node: Node, milliseconds: Int, _ each: () throws -> Void) rethrows {
        for _ in 0..<milliseconds / HeartbeatWheel.tickMilliseconds {
            node.advance(milliseconds: HeartbeatWheel.tickMilliseconds)
            try each()
        }
    }

    private func pass(_ node: Node, milliseconds: Int) { pass(node, milliseconds: milliseconds) {} }

    /// What is asked, and the answers that the test gives.
    private final class Questions {
        var asked: [ChannelSet] = []
        var answers: [EventLoopPromise<StreamLease.Renewal>] = []

        init(_ node: Node) {
            node.shard.inquire = { [loop = node.loop] _, channels in
                let promise = loop.makePromise(of: StreamLease.Renewal.self)
                self.asked.append(channels)
                self.answers.append(promise)
                return promise.futureResult
            }
        }

        deinit {
            for answer in answers { answer.fail(CancellationError()) }
        }

        /// Answers the oldest question that waits.
        func answer(_ renewal: StreamLease.Renewal) { answers.removeFirst().succeed(renewal) }
    }

    // MARK: Ends

    @Test func `a stream ends with its credential, and not before`() throws {
        let node = try Node()
        let (session, sink) = try node.open("chat", lease: lease(node, ends: 10_000))
        pass(node, milliseconds: 9_750)
        #expect(session.state == .live)
        pass(node, milliseconds: 500)
        let last = try #require(try closing(sink))
        #expect(last.reason == .authExpired && last.reconnect && (100...400).contains(last.retryMilliseconds))
        #expect(sink.isClosed)
        #expect(closed(node) == [.authExpired: 1])
    }

    @Test func `busy, slow, resuming and opening streams end as well`() throws {
        let node = try Node { $0.slowConsumerMilliseconds = 120_000 }
        let busy = try node.open("chat", user: "busy", lease: lease(node, ends: 10_000))
        let slow = try node.open("chat", user: "slow", lease: lease(node, ends: 10_000))
        node.access.holdsAnswers = true
        let resuming = try node.open("chat", user: "resuming", cursor: .after(0), lease: lease(node, ends: 10_000))
        node.relay.holdsConfirmations = true
        let opening = try node.open("jobs", user: "opening", cursor: .after(0), lease: lease(node, ends: 10_000))
        slow.sink.stall()
        try pass(node, milliseconds: 9_750) { try node.batch(("chat:p1", #"{"event":"a","data":1}"#)) }
        #expect(busy.session.state == .live && slow.session.isBehind && resuming.session.isBehind)
        #expect(opening.session.state == .opening)
        try pass(node, milliseconds: 500) { try node.batch(("chat:p1", #"{"event":"a","data":1}"#)) }
        for stream in [busy, slow, resuming, opening] { #expect(stream.sink.isClosed) }
        #expect(try opening.sink.events().map(\.event) == ["server_close"])
        #expect(closed(node) == [.authExpired: 4])
        for promise in node.relay.held { promise.succeed() }
        node.access.answerAll()
        node.loop.run()
    }

    @Test func `a credential may outlast many turns of the wheel`() throws {
        let node = try Node()
        let (session, sink) = try node.open("chat", lease: lease(node, ends: 3_600_000))
        pass(node, milliseconds: 3_599_750)
        #expect(session.state == .live)
        pass(node, milliseconds: 500)
        #expect(try closing(sink)?.reason == .authExpired)
    }

    @Test func `timers that lag behind the clock do not prolong a credential`() throws {
        let node = try Node()
        let (session, sink) = try node.open("chat", lease: lease(node, ends: 200_000))
        node.lag(milliseconds: 100_000)
        pass(node, milliseconds: 99_750)
        #expect(session.state == .live)
        pass(node, milliseconds: 500)
        #expect(try closing(sink)?.reason == .authExpired)
    }

    @Test func `a credential that has ended opens nothing`() throws {
        let node = try Node()
        try node.open("chat").session.sinkClosed(.client)
        for ended in [0, -1_000] {
            let (session, sink) = try node.open("chat", lease: lease(node, ends: ended))
            #expect(session.state == .closed && sink.isClosed)
            #expect(try sink.events().map(\.event) == ["server_close"])
        }
        #expect(node.shard.figures(project: nil).open == 0)
        #expect(closed(node) == [.client: 1, .authExpired: 2])
    }

    @Test func `heartbeats go on while a credential's end comes near`() throws {
        let node = try Node()
        let (_, sink) = try node.open("chat", heartbeat: 5_000, lease: lease(node, ends: 21_000))
        pass(node, milliseconds: 20_750)
        let beats = sink.text.components(separatedBy: ": heartbeat\n\n").count - 1
        #expect((4...5).contains(beats))
    }

    @Test func `a stream that nothing limits keeps nothing for it`() throws {
        let node = try Node()
        #expect(try node.open("chat").session.term == nil)
        #expect(try node.open("chat", lease: lease(node, ends: 1_000)).session.term != nil)
    }

    @Test func `streams that opened together reach their age apart`() throws {
        let node = try Node { $0.maximumStreamAgeMilliseconds = 100_000 }
        let streams = try (0..<200).map { try node.open("chat", user: "u\($0)") }
        pass(node, milliseconds: 89_750)
        #expect(closed(node) == [:])
        pass(node, milliseconds: 10_250)
        #expect((20...180).contains(Int(closed(node)[.maxAge] ?? 0)))
        pass(node, milliseconds: 10_250)
        #expect(closed(node) == [.maxAge: 200])
        let last = try #require(try closing(streams[0].sink))
        #expect(last.reason == .maxAge && last.reconnect && (500...3_000).contains(last.retryMilliseconds))
    }

    // MARK: Reviews

    @Test func `a review takes channels, and the stream is told`() throws {
        let node = try Node()
        let questions = Questions(node)
        let (session, sink) = try node.open("chat", "jobs", lease: lease(node, reviewedAfter: 60_000))
        pass(node, milliseconds: 53_750)
        #expect(questions.asked.isEmpty)
        pass(node, milliseconds: 6_500)
        #expect(try questions.asked == [node.channels(["chat", "jobs"])])
        // Nobody asks twice, however long the answer takes.
        pass(node, milliseconds: 60_000)
        #expect(questions.asked.count == 1)
        questions.answer(.granted(lease(node, reviewedAfter: 10_000), try node.channels(["chat"])))
        #expect(try sink.events(named: "subscribed").map { $0["channels"] as? [String] } == [["chat"]])
        #expect(try session.channels == node.channels(["chat"]))
        #expect(node.shard.figures(project: nil).streamsByChannel == [1, 0, 0])
        pass(node, milliseconds: 10_500)
        #expect(try questions.asked.last == node.channels(["chat"]))
        questions.answer(.granted(StreamLease(), try node.channels(["chat", "jobs"])))
        #expect(try sink.events(named: "subscribed").count == 1)
        pass(node, milliseconds: 120_000)
        #expect(questions.asked.count == 2 && session.state == .live)
    }

    @Test func `a channel that came while somebody was asked stays`() throws {
        let node = try Node()
        let questions = Questions(node)
        let (session, _) = try node.open("chat", lease: lease(node, reviewedAfter: 10_000))
        pass(node, milliseconds: 10_500)
        session.change(ChannelChange(adding: try node.channels(["jobs"])))
        questions.answer(.granted(StreamLease(), try node.channels(["chat"])))
        #expect(try session.wanted == node.channels(["chat", "jobs"]))
    }

    @Test func `who lost the project is revoked, and who lost every channel`() throws {
        let node = try Node()
        let questions = Questions(node)
        let streams = try ["u1", "u2"].map {
            try node.open("chat", user: $0, lease: lease(node, reviewedAfter: 10_000))
        }
        pass(node, milliseconds: 10_500)
        questions.answer(.revoked)
        questions.answer(.granted(lease(node, reviewedAfter: 10_000), []))
        for stream in streams {
            let last = try #require(try closing(stream.sink))
            #expect(last.reason == .revoked && !last.reconnect && last.retryMilliseconds == 60_000)
        }
        #expect(closed(node) == [.revoked: 2])
    }

    @Test func `a stream that has no channels loses none`() throws {
        let node = try Node()
        let questions = Questions(node)
        let (session, _) = try node.open("chat", lease: lease(node, reviewedAfter: 10_000))
        session.change(ChannelChange(removing: session.wanted))
        pass(node, milliseconds: 10_500)
        questions.answer(.granted(StreamLease(), []))
        #expect(session.state == .live)
    }

    @Test func `an answer for a stream that has gone changes nothing`() throws {
        let node = try Node()
        let questions = Questions(node)
        let (session, _) = try node.open("chat", lease: lease(node, reviewedAfter: 10_000))
        pass(node, milliseconds: 10_500)
        session.sinkClosed(.client)
        questions.answer(.revoked)
        #expect(closed(node) == [.client: 1])
    }

    @Test func `streams that opened together are not reviewed together`() throws {
        let node = try Node()
        let questions = Questions(node)
        for number in 0..<500 {
            _ = try node.open("chat", user: "u\(number)", lease: lease(node, reviewedAfter: 60_000))
        }
        var most = 0
        var before = 0
        pass(node, milliseconds: 61_000) {
            most = max(most, questions.asked.count - before)
            before = questions.asked.count
        }
        #expect(questions.asked.count == 500)
        #expect(most < 60)
    }

    // MARK: Renewals

    @Test func `a new credential keeps the stream, and takes what it does not allow`() throws {
        let node = try Node()
        let (session, sink) = try node.open("chat", "jobs", lease: lease(node, ends: 10_000))
        pass(node, milliseconds: 5_000)
        let renewal = StreamRenewal(lease(node, ends: 60_000), removing: try node.channels(["jobs", "presence"]))
        #expect(node.shard.renew(session.connection, renewal))
        #expect(try sink.events(named: "subscribed").map { $0["channels"] as? [String] } == [["chat"]])
        pass(node, milliseconds: 59_750)
        #expect(session.state == .live)
        pass(node, milliseconds: 500)
        #expect(try closing(sink)?.reason == .authExpired)
        #expect(!node.shard.renew(session.connection, renewal))
        #expect(!node.shard.renew(ConnectionID(), renewal))
    }

    @Test func `a credential that ends earlier ends the stream earlier`() throws {
        let node = try Node()
        let forever = try node.open("chat")
        let long = try node.open("chat", user: "u2", lease: lease(node, ends: 3_600_000))
        for stream in [forever, long] {
            #expect(node.shard.renew(stream.session.connection, StreamRenewal(lease(node, ends: 5_000))))
        }
        pass(node, milliseconds: 4_750)
        #expect(forever.session.state == .live && long.session.state == .live)
        pass(node, milliseconds: 500)
        #expect(closed(node) == [.authExpired: 2])
    }

    @Test func `a slow stream is renewed too, and is not sent what it lost`() throws {
        let node = try Node()
        let (session, sink) = try node.open("chat", "jobs", lease: lease(node, ends: 10_000))
        sink.stall()
        try node.batch(("chat:p1", #"{"event":"a","data":1}"#))
        try node.batch(("jobs:p1", #"{"event":"b","data":1}"#))
        let renewal = StreamRenewal(lease(node, ends: 60_000), removing: try node.channels(["jobs"]))
        #expect(node.shard.renew(session.connection, renewal))
        pass(node, milliseconds: 12_000)
        #expect(sink.resume())
        session.sinkDrained()
        #expect(try sink.events().map(\.event) == ["connected", "a", "subscribed"])
    }
}
