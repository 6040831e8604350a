import NIOCore
import ServiceLifecycle
import Testing
import TributaryCore
import TributaryProtocol

/// What every relay promises, as one suite: each implementation runs all cases against itself.
///
///     @Test(arguments: RelayContract.Case.allCases)
///     func `the memory relay keeps the relay's contract`(_ promise: RelayContract.Case) async throws {
///         try await RelayContract { body in … try await body(.init(relay: relay, publishElsewhere: other.publish)) }
///             .check(promise)
///     }
public struct RelayContract: Sendable {
    /// A relay that nobody has attached or started, and another way into the same medium.
    public struct Fixture: Sendable {
        /// The relay of the node ``RelayContract/node``.
        public let relay: any Relay
        /// The relay of another node, ``RelayContract/otherNode``, on the same medium; `nil` where there is none.
        public let other: (any Relay)?
        /// Publishes as another node or a service would.
        public let publishElsewhere: @Sendable (ByteBuffer, Topic) async throws -> Void

        public init(
            relay: any Relay,
            other: (any Relay)? = nil,
            publishElsewhere: @escaping @Sendable (ByteBuffer, Topic) async throws -> Void
        ) {
            self.relay = relay
            self.other = other
            self.publishElsewhere = publishElsewhere
        }
    }

    public enum Case: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case connects = "it connects, without calling that a reconnection"
        case delivers = "what is published after the confirmation is received, from this node and others"
        case exactBytes = "payloads arrive byte for byte, binary and empty ones too"
        case keepsOrder = "each publisher's order is kept"
        case isolatesTopics = "a topic's messages arrive on that topic only"
        case broadcasts = "a broadcast topic is a topic of its own"
        case batches = "every batch of messages ends with a call, and all calls are made on the relay's loop"
        case unsubscribes = "an unsubscribed topic falls silent, others go on"
        case resubscribes = "a subscription that follows an unsubscription in flight holds"
        case idempotent = "subscribing twice delivers once"
        case manyTopics = "a thousand topics in one call are confirmed together"
        case nothing = "no topics at all are confirmed"
        case countsSubscriptions = "the status counts the topics asked for"
        case tells = "what is told to a node reaches it alone, what is told to all reaches all, in order and whole"
        case tellsNobody = "nothing is told before the relay runs"
        case tellsLittle = "a message of more than 1 MiB is refused"
        case stops = "run ends when its task is cancelled"

        public var testDescription: String { rawValue }
    }

    /// The name of the node whose relay is tested, and that of the other one.
    public static let node = "a"
    public static let otherNode = "a:b"

    /// Makes a fixture, hands it to `body`, and takes it down.
    public typealias Factory = @Sendable (_ body: @Sendable (Fixture) async throws -> Void) async throws -> Void

    private let factory: Factory

    public init(_ factory: @escaping Factory) {
        self.factory = factory
    }

    public func check(_ promise: Case) async throws {
        try await factory { fixture in
            let session = RelaySession(fixture)
            if promise == .tellsNobody {
                fixture.relay.attach(session.recorder)
                for node in [nil, Self.node] {
                    await #expect(throws: RelayError.self) {
                        try await fixture.relay.tell(ByteBuffer(string: "early"), node: node).get()
                    }
                }
            }
            try await session.run { try await check(promise, session) }
        }
    }

    private func check(_ promise: Case, _ session: RelaySession) async throws {
        switch promise {
        case .connects: try await connects(session)
        case .delivers: try await delivers(session)
        case .exactBytes: try await deliversExactBytes(session)
        case .keepsOrder: try await keepsOrder(session)
        case .isolatesTopics: try await isolatesTopics(session)
        case .broadcasts: try await broadcasts(session)
        case .batches: try await batches(session)
        case .unsubscribes: try await unsubscribes(session)
        case .resubscribes: try await resubscribes(session)
        case .idempotent: try await subscribesOnce(session)
        case .manyTopics: try await subscribesToMany(session)
        case .nothing: try await session.subscribe([])
        case .countsSubscriptions: try await countsSubscriptions(session)
        case .tells: try await tells(session)
        case .tellsNobody:
            try await session.tell("now", node: Self.node)
            try await session.expectHeard(["now"])
        case .tellsLittle: try await tellsLittle(session)
        case .stops: break  // Every case ends so.
        }
        #expect(session.recorder.callsOffLoop == 0)
    }

    private func connects(_ session: RelaySession) async throws {
        #expect(session.relay.status.isConnected)
        #expect(session.relay.status.lastError == nil)
        #expect(session.relay.status.reconnectsTotal == 0)
        #expect(session.recorder.entries.isEmpty)
    }

    private func delivers(_ session: RelaySession) async throws {
        try await session.publish("too early", to: .chat("p1"))
        try await session.subscribe([.chat("p1")])
        try await session.publish("own", to: .chat("p1"))
        try await session.publishElsewhere("other", to: .chat("p1"))
        try await session.expect(["own", "other"], on: .chat("p1"))
    }

    private func deliversExactBytes(_ session: RelaySession) async throws {
        try await session.subscribe([.chat("p1")])
        let payloads: [[UInt8]] = [
            Array(0...255), [], Array("\r\n$5\r\nhello\r\n*3\r\n".utf8), Array("ä€🦆".utf8), [0xFF, 0x00, 0xFE],
            (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) },
        ]
        for payload in payloads { try await session.relay.publish(ByteBuffer(bytes: payload), to: .chat("p1")) }
        try await session.recorder.wait(for: "all payloads") { $0.messageCount == payloads.count }
        let received = session.recorder.entries.compactMap { entry -> [UInt8]? in
            if case .received(let bytes, _) = entry { bytes } else { nil }
        }
        #expect(received == payloads)
    }

    private func keepsOrder(_ session: RelaySession) async throws {
        try await session.subscribe([.chat("p1"), .jobs("p1")])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for n in 0..<300 { try await session.publish("a\(n)", to: .chat("p1")) } }
            group.addTask { for n in 0..<300 { try await session.publishElsewhere("b\(n)", to: .chat("p1")) } }
            group.addTask { for n in 0..<300 { try await session.publish("c\(n)", to: .jobs("p1")) } }
            try await group.waitForAll()
        }
        try await session.recorder.wait(for: "all messages") { $0.messageCount == 900 }
        let chat = session.recorder.messages(on: .chat("p1"))
        #expect(chat.filter { $0.hasPrefix("a") } == (0..<300).map { "a\($0)" })
        #expect(chat.filter { $0.hasPrefix("b") } == (0..<300).map { "b\($0)" })
        #expect(session.recorder.messages(on: .jobs("p1")) == (0..<300).map { "c\($0)" })
    }

    private func isolatesTopics(_ session: RelaySession) async throws {
        try await session.subscribe([.chat("p1"), .chat("p2"), .jobs("p1")])
        try await session.publish("chat of p1", to: .chat("p1"))
        try await session.publish("chat of p2", to: .chat("p2"))
        try await session.publish("jobs of p1", to: .jobs("p1"))
        try await session.publish("nobody's", to: .jobs("p2"))
        try await session.publish("nobody's", to: .chat("p11"))
        try await session.publish("last", to: .chat("p1"))
        try await session.expect(["chat of p1", "last"], on: .chat("p1"))
        try await session.expect(["chat of p2"], on: .chat("p2"))
        try await session.expect(["jobs of p1"], on: .jobs("p1"))
        #expect(session.recorder.messageCount == 4)
    }

    private func broadcasts(_ session: RelaySession) async throws {
        let broadcast = Topic(channel: .chat, project: nil)
        try await session.subscribe([broadcast, .chat("p1")])
        try await session.publish("to all", to: broadcast)
        try await session.publish("to p1", to: .chat("p1"))
        try await session.expect(["to p1"], on: .chat("p1"))
        try await session.expect(["to all"], on: broadcast)
    }

    private func batches(_ session: RelaySession) async throws {
        try await session.subscribe([.chat("p1")])
        for n in 0..<100 { try await session.publish("\(n)", to: .chat("p1")) }
        try await session.recorder.wait(for: "the last batch's end") {
            $0.messageCount == 100 && $0.entries.last == .finishedBatch
        }
        // A batch without a message says nothing.
        let entries = session.recorder.entries
        for (entry, next) in zip(entries, entries.dropFirst()) where entry == .finishedBatch {
            #expect(next != .finishedBatch)
        }
    }

    private func unsubscribes(_ session: RelaySession) async throws {
        try await session.subscribe([.chat("p1"), .jobs("p1")])
        try await session.publish("before", to: .chat("p1"))
        try await session.expect(["before"], on: .chat("p1"))
        try await session.unsubscribe([.chat("p1")])
        // The relay keeps the order, so this confirmation comes after the unsubscription.
        try await session.subscribe([.chat("p2")])
        try await session.publish("after", to: .chat("p1"))
        try await session.publish("marker", to: .jobs("p1"))
        try await session.expect(["marker"], on: .jobs("p1"))
        try await session.expect(["before"], on: .chat("p1"))
        #expect(session.relay.status.subscriptions == 2)
    }

    private func resubscribes(_ session: RelaySession) async throws {
        try await session.subscribe([.chat("p1")])
        for round in 0..<50 {
            try await session.unsubscribe([.chat("p1")])
            try await session.subscribe([.chat("p1")])
            try await session.publish("\(round)", to: .chat("p1"))
            // One that is on its way when its topic is unsubscribed need not arrive.
            try await session.expect((0...round).map { "\($0)" }, on: .chat("p1"))
        }
    }

    private func subscribesOnce(_ session: RelaySession) async throws {
        try await session.subscribe([.chat("p1")])
        try await session.subscribe([.chat("p1"), .chat("p1")])
        try await session.publish("once", to: .chat("p1"))
        try await session.publish("twice", to: .chat("p1"))
        try await session.expect(["once", "twice"], on: .chat("p1"))
    }

    private func subscribesToMany(_ session: RelaySession) async throws {
        let topics = (0..<1_000).map { Topic.chat("p\($0)") }
        try await session.subscribe(topics)
        for topic in topics { try await session.publish(topic.name, to: topic) }
        try await session.recorder.wait(for: "one message each") { $0.messageCount == 1_000 }
        // The order is that of each topic.
        #expect(session.recorder.messages.sorted() == topics.map(\.name).sorted())
    }

    private func tells(_ session: RelaySession) async throws {
        try await session.withOther { other in
            var expected: [String] = []
            for n in 0..<100 {
                try await session.tell("own \(n)", node: Self.node)
                try await session.tell("all \(n)", node: nil)
                try await session.tell("other \(n)", node: Self.otherNode)
                try await session.tell("nobody \(n)", node: "c")
                expected += ["own \(n)", "all \(n)"]
            }
            try await session.expectHeard(expected)
            guard let other else { return }
            let heard = (0..<100).flatMap { ["all \($0)", "other \($0)"] }
            try await other.wait(for: "the other node's") { $0.heard.count >= heard.count }
            #expect(other.heard == heard)
        }
        // Binary, and as long as may be.
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await session.relay.tell(ByteBuffer(bytes: bytes), node: Self.node).get()
        try await session.recorder.wait(for: "the long one") { $0.entries.last == .heard(bytes) }
        // Without waiting for one before the next.
        let answers = (0..<200).map { session.relay.tell(ByteBuffer(string: "\($0)"), node: Self.node) }
        for answer in answers { try await answer.get() }
        try await session.recorder.wait(for: "all") { $0.heard.count >= 401 }
        #expect(session.recorder.heard.suffix(200) == (0..<200).map { "\($0)" })
        #expect(session.recorder.messageCount == 0)
    }

    private func tellsLittle(_ session: RelaySession) async throws {
        let message = ByteBuffer(repeating: 0x20, count: 1 << 20 + 1)
        await #expect {
            try await session.relay.tell(message, node: Self.node).get()
        } throws: { error in
            if case RelayError.refused? = error as? RelayError { true } else { false }
        }
        try await session.tell("short", node: nil)
        try await session.expectHeard(["short"])
    }

    private func countsSubscriptions(_ session: RelaySession) async throws {
        #expect(session.relay.status.subscriptions == 0)
        try await session.subscribe([.chat("p1"), .jobs("p1"), .chat("p2")])
        #expect(session.relay.status.subscriptions == 3)
        try await session.unsubscribe([.jobs("p1")])
        #expect(session.relay.status.subscriptions == 2)
    }
}

/// A started relay with its recorder.
private struct RelaySession: Sendable {
    let relay: any Relay
    let recorder: RelayRecorder
    private let fixture: RelayContract.Fixture

    init(_ fixture: RelayContract.Fixture) {
        self.fixture = fixture
        relay = fixture.relay
        recorder = RelayRecorder(eventLoop: fixture.relay.eventLoop)
    }

    /// Runs the relay around `body`; returns when its `run()` has ended.
    func run(_ body: () async throws -> Void) async throws {
        relay.attach(recorder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await relay.run() }
            try await recorder.wait(for: "the connection") { _ in relay.status.isConnected }
            // A relay without a connection runs when it says so.
            try await eventually("it runs") { (try? await tell("", node: "nobody")) != nil }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    func subscribe(_ topics: [Topic]) async throws {
        try await relay.eventLoop.flatSubmit { relay.subscribe(to: topics) }.get()
    }

    func unsubscribe(_ topics: [Topic]) async throws {
        try await relay.eventLoop.submit { relay.unsubscribe(from: topics) }.get()
    }

    func publish(_ text: String, to topic: Topic) async throws {
        try await relay.publish(ByteBuffer(string: text), to: topic)
    }

    func publishElsewhere(_ text: String, to topic: Topic) async throws {
        try await fixture.publishElsewhere(ByteBuffer(string: text), topic)
    }

    func tell(_ text: String, node: String?) async throws {
        try await relay.tell(ByteBuffer(string: text), node: node).get()
    }

    func expectHeard(_ messages: [String]) async throws {
        try await recorder.wait(for: "\(messages.count) messages to the node") { $0.heard.count >= messages.count }
        #expect(recorder.heard == messages)
    }

    /// Runs the other node's relay around `body`, if there is one.
    func withOther(_ body: (RelayRecorder?) async throws -> Void) async throws {
        guard let other = fixture.other else { return try await body(nil) }
        let recorder = RelayRecorder(eventLoop: other.eventLoop)
        other.attach(recorder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await other.run() }
            try await recorder.wait(for: "the other's connection") { _ in other.status.isConnected }
            try await body(recorder)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Awaits as many messages on `topic`, then compares them.
    func expect(_ messages: [String], on topic: Topic) async throws {
        try await recorder.wait(for: "\(messages.count) messages on \(topic)") {
            $0.messages(on: topic).count >= messages.count
        }
        #expect(recorder.messages(on: topic) == messages)
    }
}

extension Topic {
    /// `chat` of a project; for names that are known to be good.
    public static func chat(_ project: String) -> Topic {
        Topic(channel: .chat, project: (try? ProjectID(project)) ?? .default)
    }

    /// `jobs` of a project; for names that are known to be good.
    public static func jobs(_ project: String) -> Topic {
        Topic(channel: .jobs, project: (try? ProjectID(project)) ?? .default)
    }
}
