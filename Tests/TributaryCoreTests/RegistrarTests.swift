import NIOCore
import NIOEmbedded
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// Streams come and go by the registry's word, and without it.
@Suite struct RegistrarTests {
    /// A stream on its way in.
    private struct Arrival {
        let request: StreamRequest
        let answer: EventLoopFuture<Void>
    }

    private func ask(
        _ node: Node, user: String = "u1", instance: String? = nil,
        _ configure: (inout StreamRequest) -> Void = { _ in }
    ) throws -> Arrival {
        var request = StreamRequest(
            user: try UserID(user), project: .p1, channels: try node.channels(["chat"]),
            clientInstance: try instance.map { try ClientInstanceID($0) }
        )
        configure(&request)
        return Arrival(request: request, answer: node.registrar.admit(request, on: node.shard))
    }

    /// Lets a stream in and opens it.
    @discardableResult
    private func open(
        _ node: Node, user: String = "u1", instance: String? = nil,
        _ configure: (inout StreamRequest) -> Void = { _ in }
    ) throws -> (session: StreamSession, sink: RecordingSink) {
        let arrival = try ask(node, user: user, instance: instance, configure)
        // Many come in turns.
        node.loop.advanceTime(by: PacedWork.pause)
        try arrival.answer.wait()
        let sink = RecordingSink()
        let session = node.shard.open(arrival.request, sink: sink)
        node.loop.run()
        return (session, sink)
    }

    private func closing(_ sink: RecordingSink) throws -> ServerClose? {
        try sink.events().last { $0.event == "server_close" }.map { try $0.decoded(ServerClose.self) }
    }

    private func registered(_ node: Node, user: String = "u1") throws -> [ConnectionID] {
        try node.coordination.base.streams(of: StreamOwner(user: try UserID(user), project: .p1)).wait().map(\.id)
    }

    // MARK: Limits

    @Test func `the stream that is one too many ends the one that was silent longest`() throws {
        let node = try Node()
        let streams = try (0..<6).map { _ in
            node.advance(milliseconds: 10)
            return try open(node)
        }
        let last = try #require(try closing(streams[0].sink))
        #expect(last.reason == .evicted && last.reconnect && (30_000...60_000).contains(last.retryMilliseconds))
        #expect(streams[0].sink.isClosed)
        for stream in streams.dropFirst() { #expect(stream.session.state == .live) }
        #expect(try registered(node) == streams.dropFirst().map(\.session.connection))
        #expect(node.shard.figures(project: nil).counters.closed == [.evicted: 1])
    }

    @Test func `a client's new stream replaces its old one`() throws {
        let node = try Node()
        let first = try open(node, instance: "browser")
        let other = try open(node, instance: "phone")
        let second = try open(node, instance: "browser")
        let last = try #require(try closing(first.sink))
        #expect(last.reason == .replaced && !last.reconnect && last.retryMilliseconds == 60_000)
        #expect(other.session.state == .live && second.session.state == .live)
        #expect(try registered(node) == [other.session.connection, second.session.connection])
    }

    @Test func `a hub that refuses says how many there are`() throws {
        let node = try Node { $0.streamLimit = StreamLimit(maximum: 2, policy: .reject) }
        let streams = try (0..<2).map { _ in try open(node) }
        let third = try ask(node)
        node.loop.run()
        #expect(throws: AdmissionRefusal.userLimit(current: 2, maximum: 2)) { try third.answer.wait() }
        for stream in streams { #expect(stream.session.state == .live) }
        #expect(node.registrar.places.count == 2)
        // Another user has room.
        try open(node, user: "u2")
        // When one has gone, the next may come.
        streams[0].session.sinkClosed(.client)
        node.loop.run()
        try open(node)
        #expect(node.registrar.state.figures.refused == ["user_limit": 1])
    }

    @Test func `users without a name have no limit, and nobody hears of them`() throws {
        let node = try Node()
        let streams = try (0..<20).map { _ in try open(node, user: "127.0.0.1") { $0.isAnonymous = true } }
        for stream in streams { #expect(stream.session.state == .live) }
        #expect(try node.coordination.base.members(of: .p1).wait().isEmpty)
        // But a client has one stream, whoever uses it.
        let first = try open(node, user: "127.0.0.1", instance: "browser") { $0.isAnonymous = true }
        try open(node, user: "127.0.0.1", instance: "browser") { $0.isAnonymous = true }
        #expect(try closing(first.sink)?.reason == .replaced)
    }

    @Test func `a stream that is still to be decided on is nowhere yet`() throws {
        let node = try Node { $0.streamLimit = StreamLimit(maximum: 1, policy: .reject) }
        node.start()
        try open(node)
        node.bring()
        node.coordination.holdsAnswers = true
        let second = try ask(node)
        let stranger = try ask(node, user: "u2")
        node.advance(milliseconds: 900)
        #expect(!node.coordination.refreshed.joined().contains(second.request.id))
        node.coordination.answerAll()
        node.loop.run()
        #expect(throws: AdmissionRefusal.self) { try second.answer.wait() }
        try stranger.answer.wait()
        for _ in 0..<40 { node.advance(milliseconds: 1_000) }
        #expect(try registered(node).count == 1)
        #expect(try node.coordination.base.members(of: .p1).wait().map(\.user.id.rawValue) == ["u1", "u2"])
    }

    // MARK: Other nodes

    @Test func `a stream on another node is ended there`() throws {
        let node = try Node { $0.streamLimit.maximum = 1 }
        let elsewhere = RegisteredStream(
            id: ConnectionID(), owner: StreamOwner(user: try UserID("u1"), project: .p1), node: "n2", channels: ["chat"]
        )
        _ = try node.coordination.base.register(elsewhere, limit: StreamLimit(maximum: 1)).wait()
        node.advance(milliseconds: 1)
        try open(node)
        let told = try #require(node.relay.told.first)
        #expect(told.node == "n2")
        let message = try #require(NodeMessage(told.message))
        #expect(message.from == "n1")
        #expect(message.displaced?.map(\.id) == ["\(elsewhere.id)"])
        #expect(message.displaced?.map(\.reason) == ["evicted"])
    }

    @Test func `another node's word ends a stream here`() throws {
        let node = try Node()
        let stream = try open(node)
        var message = NodeMessage(from: "n2")
        message.displaced = [
            .init(id: stream.session.id, reason: "replaced"), .init(id: "nonsense", reason: "evicted"),
        ]
        node.intake.relayHeard(message.encoded())
        node.loop.run()
        #expect(try closing(stream.sink)?.reason == .replaced)
    }

    @Test func `what is no message is counted`() throws {
        let node = try Node()
        node.intake.relayHeard(ByteBuffer(string: "{"))
        #expect(node.rejections.totals == ["node_message": 1])
    }

    @Test func `a lost node is asked as well, and named where it does not answer`() throws {
        let node = try Node()
        let registrar = node.registrar
        node.start()
        node.coordination.others = [
            NodeRecord(name: "n2", figures: ByteBuffer(), silentMilliseconds: 16_000, isLost: true)
        ]
        node.advance(milliseconds: 1)
        node.relay.told = []
        var question = NodeQuestion(.revoke)
        question.user = "ada"
        question.number = 0
        let outcome = try registrar.askOthers(question, isForOne: false).wait()
        #expect(outcome.silent == ["n2"])
        #expect(node.relay.told.compactMap { NodeMessage($0.message)?.question?.kind } == [.revoke])
    }

    // MARK: Without the registry

    @Test func `while the registry is away the node's own limits hold, and everything is entered when it is back`()
        throws
    {
        let node = try Node { $0.streamLimit.maximum = 2 }
        node.start()
        node.advance(milliseconds: 1)
        let first = try open(node)
        node.coordination.failure = .unavailable("down")
        node.advance(milliseconds: 10)
        let second = try open(node, instance: "browser")
        node.advance(milliseconds: 10)
        let third = try open(node)
        #expect(try closing(first.sink)?.reason == .evicted)
        node.advance(milliseconds: 10)
        let fourth = try open(node, instance: "browser")
        #expect(try closing(second.sink)?.reason == .replaced)
        #expect(node.registrar.state.figures.unregistered == 3)
        #expect(!node.registrar.state.isReachable)
        // The first of them was entered when it came, and has gone unheard.
        node.coordination.failure = nil
        node.advance(milliseconds: 250)
        #expect(node.registrar.state.isReachable)
        #expect(try registered(node) == [third.session.connection, fourth.session.connection])
    }

    @Test func `a registry that does not answer keeps nobody waiting`() throws {
        let node = try Node()
        node.start()
        node.advance(milliseconds: 1)
        node.coordination.holdsAnswers = true
        let arrival = try ask(node, instance: "browser")
        node.advance(milliseconds: 990)
        var isIn = false
        arrival.answer.assumeIsolated().whenSuccess { isIn = true }
        node.loop.run()
        #expect(!isIn)
        node.advance(milliseconds: 20)
        #expect(isIn)
        _ = node.shard.open(arrival.request, sink: RecordingSink())
        node.coordination.answerAll()
        node.loop.run()
        #expect(try registered(node) == [arrival.request.id])
        #expect(node.registrar.state.isReachable)
    }

    @Test func `a stream loses its place once, though the registry says so late`() throws {
        let node = try Node { $0.streamLimit.maximum = 1 }
        node.start()
        node.advance(milliseconds: 1)
        let first = try open(node)
        node.coordination.holdsAnswers = true
        let second = try ask(node)
        node.advance(milliseconds: 1_010)
        _ = node.shard.open(second.request, sink: RecordingSink())
        #expect(try closing(first.sink)?.reason == .evicted)
        #expect(node.registrar.state.figures.displaced == ["evicted": 1])
        node.coordination.answerAll()
        node.loop.run()
        #expect(node.registrar.state.figures.displaced == ["evicted": 1])
        #expect(try registered(node) == [second.request.id])
    }

    @Test(arguments: [CoordinationError.refused("WRONGTYPE"), .unavailable("its master is away")])
    func `what fails for one user is that user's matter`(_ failure: CoordinationError) throws {
        let node = try Node()
        node.start()
        let poisoned = try UserID("u1")
        node.coordination.failures = [poisoned: failure]
        let first = try open(node)
        let second = try open(node, user: "u2")
        for _ in 0..<60 { node.advance(milliseconds: 1_000) }
        #expect(node.registrar.state.isReachable)
        let said = node.coordination.refreshed.count { $0.contains(first.session.connection) }
        // Every 20 s; and where it was not heard in between, after more and more time.
        #expect((3...15).contains(said))
        #expect(try registered(node).isEmpty)
        #expect(try registered(node, user: "u2") == [second.session.connection])
        node.coordination.failures = [:]
        for _ in 0..<20 { node.advance(milliseconds: 1_000) }
        #expect(try registered(node) == [first.session.connection])
    }

    @Test func `what a part of Redis missed is said again soon`() throws {
        let node = try Node()
        node.start()
        node.advance(milliseconds: 1)
        node.coordination.failures = [try UserID("u1"): .unavailable("its master is away")]
        let stream = try open(node)
        node.coordination.failures = [:]
        #expect(try registered(node).isEmpty)
        node.advance(milliseconds: 250)
        #expect(try registered(node) == [stream.session.connection])
    }

    @Test func `a stream that ended before the registry knew of it is not left there`() throws {
        let node = try Node()
        node.coordination.holdsAnswers = true
        let arrival = try ask(node)
        node.loop.run()
        node.registrar.closed(arrival.request.id)
        node.loop.run()
        // Even where the removal overtakes the entry.
        node.coordination.answerAll()
        node.loop.run()
        #expect(try registered(node).isEmpty)
        #expect(node.registrar.places.isEmpty && node.registrar.owners.isEmpty && node.registrar.limits.count == 0)
    }

    // MARK: Again and again

    @Test func `streams that end together are taken out a few at a time, those of a turn in one step`() throws {
        let node = try Node { $0.streamLimit.maximum = nil }
        let turn = PacedWork.piecesPerTurn
        let streams = try (0..<5 * turn).map { _ in try open(node) }
        for stream in streams { stream.session.sinkClosed(.client) }
        node.loop.run()
        for turns in 1...5 {
            #expect(node.coordination.removed.map(\.count) == Array(repeating: turn, count: turns))
            node.loop.advanceTime(by: PacedWork.pause)
        }
        #expect(try registered(node).isEmpty)
    }

    @Test func `every stream is refreshed once in twenty seconds`() throws {
        let node = try Node()
        node.start()
        node.advance(milliseconds: 1)
        let streams = try (0..<100).map { n in try open(node, user: "u\(n)") }
        for _ in 0..<20 { node.advance(milliseconds: 1_000) }
        let refreshed = node.coordination.refreshed.flatMap { $0 }
        #expect(refreshed.count == 100)
        #expect(Set(refreshed) == Set(streams.map(\.session.connection)))
        // Not all in the same moment.
        #expect(node.coordination.refreshed.count > 10)
        for _ in 0..<60 { node.advance(milliseconds: 1_000) }
        #expect(try registered(node, user: "u7") == [streams[7].session.connection])
    }

    @Test func `a refresh says who has lost the place`() throws {
        let node = try Node()
        let stream = try open(node, instance: "browser")
        let owner = StreamOwner(user: try UserID("u1"), project: .p1)
        // Another node let the client's newer stream in, and its word was lost.
        node.advance(milliseconds: 10)
        let newer = RegisteredStream(
            id: ConnectionID(), owner: owner, instance: try ClientInstanceID("browser"), node: "n2", channels: [])
        _ = try node.coordination.base.register(newer, limit: StreamLimit(maximum: 5)).wait()
        node.start()
        for _ in 0..<20 { node.advance(milliseconds: 1_000) }
        #expect(try closing(stream.sink)?.reason == .replaced)
    }

    @Test func `the streams of a lost node are swept soon after they expire`() throws {
        let node = try Node()
        try open(node)
        node.coordination.others = [
            NodeRecord(name: "n2", figures: ByteBuffer(), silentMilliseconds: 16_000, isLost: true)
        ]
        node.start()
        // 60 s after the last refresh that it can have made, which may be 5 s later than its last beat.
        for _ in 0..<48 { node.advance(milliseconds: 1_000) }
        #expect(node.coordination.swept == 0)
        for _ in 0..<6 { node.advance(milliseconds: 1_000) }
        #expect(node.coordination.swept == 1)
        for _ in 0..<60 { node.advance(milliseconds: 1_000) }
        #expect(node.coordination.swept == 1)
    }
}
