import Logging
import NIOCore
import ServiceLifecycle
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

@Suite struct RedisRelayTests {
    private let topic = Topic.chat("p1")

    @Test func `a hundred thousand messages pass, in order`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url) { harness in
                try await harness.subscribe(topic)
                let client = try RedisClient(RedisConfiguration(url: server.url))
                for start in stride(from: 0, to: 100_000, by: 5_000) {
                    let answers = (start..<start + 5_000).map { n in
                        client.send(RedisCommand("PUBLISH", "chat:p1", .integer(n)))
                    }
                    _ = try await answers[4_999].get()
                }
                try await harness.recorder.wait(for: "all messages", seconds: 60) { $0.messageCount == 100_000 }
                #expect(harness.recorder.messages == (0..<100_000).map { "\($0)" })
                await client.shutdown()
            }
        }
    }

    @Test func `a payload over the limit is rejected, and the connection survives`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url) { harness in
                try await harness.subscribe(topic)
                try await harness.publish("before", to: topic)
                try await harness.publish(String(repeating: "x", count: 2 << 20), to: topic)
                try await harness.publish(String(repeating: "x", count: (1 << 20) + 1), to: topic)
                try await harness.publish(String(repeating: "y", count: 1 << 20), to: topic)
                try await harness.publish(String(repeating: "x", count: 20 << 20), to: topic)
                try await harness.publish("after", to: topic)
                try await harness.recorder.wait(for: "the last one") { $0.messageCount == 3 }
                let entries = harness.recorder.entries.filter { $0 != .finishedBatch }
                #expect(entries.count == 6)
                #expect(harness.recorder.count(of: .rejected(.tooLarge, topic)) == 3)
                #expect(entries[1] == .rejected(.tooLarge, topic))
                #expect(entries.last == .received(Array("after".utf8), topic))
                #expect(harness.relay.status.reconnectsTotal == 0)
            }
        }
    }

    @Test func `a prefix keeps hubs on one Redis apart`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url, prefix: "blue") { blue in
                try await RelayHarness.withRelay(server.url, prefix: "green") { green in
                    try await blue.subscribe(topic)
                    try await green.subscribe(topic)
                    try await blue.publish("to blue", to: topic)
                    try await green.publish("to green", to: topic)
                    try await server.cli("PUBLISH", "blue:chat:p1", "from outside")
                    try await server.cli("PUBLISH", "chat:p1", "nobody's")
                    try await blue.recorder.wait(for: "blue's") { $0.messageCount == 2 }
                    try await green.recorder.wait(for: "green's") { $0.messageCount == 1 }
                    #expect(blue.recorder.messages == ["to blue", "from outside"])
                    #expect(green.recorder.messages == ["to green"])
                    #expect(try await server.cli("PUBSUB", "CHANNELS").contains("blue:control:a"))
                }
            }
        }
    }

    @Test func `a topic that is the node's own channel is refused`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url, node: "n", configure: { $0.probeIntervalMilliseconds = 50 }) {
                harness in
                let own = Topic(channel: try Channel("tributary"), project: try ProjectID("control:n"))
                await #expect(throws: RelayError.self) { try await harness.subscribe(own) }
                try await harness.unsubscribe(own)
                let session = Topic(
                    channel: own.channel,
                    project: try ProjectID(String(harness.relay.session.dropFirst("tributary:".utf8.count))))
                await #expect(throws: RelayError.self) { try await harness.subscribe(session) }
                for name in ["nodes", "nodes:n", "nodes:other"] {
                    let topic = Topic(channel: own.channel, project: try ProjectID(name))
                    await #expect(throws: RelayError.self) { try await harness.subscribe(topic) }
                }
                try await harness.subscribe(topic)
                try await harness.publish("x", to: topic)
                try await harness.recorder.wait(for: "it") { $0.messageCount == 1 }
            }
        }
    }

    @Test func `two nodes of one name do not take each other's probes`() async throws {
        try await RedisServer.withServer { server in
            let fast: (inout RedisRelay.Configuration) -> Void = {
                $0.probeIntervalMilliseconds = 20
                $0.probeTimeoutMilliseconds = 2_000
            }
            try await RelayHarness.withRelay(server.url, configure: fast) { first in
                try await RelayHarness.withRelay(server.url, configure: fast) { second in
                    try await first.subscribe(topic)
                    try await second.subscribe(topic)
                    for n in 0..<100 { try await first.publish("\(n)", to: topic) }
                    try await second.recorder.wait(for: "all") { $0.messageCount == 100 }
                    #expect(first.relay.status.isConnected && second.relay.status.isConnected)
                    #expect(first.relay.status.reconnectsTotal + second.relay.status.reconnectsTotal == 0)
                }
            }
        }
    }

    @Test func `storms of subscriptions end as the last wish says`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url) { harness in
                let relay = harness.relay
                for seed in 0..<8 as Range<UInt64> {
                    harness.recorder.removeAll()
                    let topics = (0..<40).map { Topic.chat("s\(seed)-\($0)") }
                    let wanted: Set<Topic> = try await relay.eventLoop.flatSubmit {
                        Self.storm(relay, topics, SeededGenerator(seed: seed))
                    }.get()
                    #expect(relay.status.subscriptions == wanted.count)
                    for topic in topics { try await harness.publish(topic.name, to: topic) }
                    try await harness.recorder.wait(for: "the wanted ones") { $0.messageCount >= wanted.count }
                    #expect(Set(harness.recorder.messages) == Set(wanted.map(\.name)))
                    let rest = Array(wanted)
                    try await relay.eventLoop.submit { relay.unsubscribe(from: rest) }.get()
                }
                try await harness.subscribe(topic)
                let channels = try await server.cli("PUBSUB", "CHANNELS").split(separator: "\n")
                let session = try await relay.eventLoop.submit { relay.session }.get()
                #expect(session.hasPrefix("tributary:control:a:"))
                #expect(
                    Set(channels.map(String.init)) == ["chat:p1", session, "tributary:nodes", "tributary:nodes:a"])
            }
        }
    }

    /// Wishes over several turns of the loop, in flight together; then what is wanted, confirmed.
    private static func storm(
        _ relay: RedisRelay,
        _ topics: [Topic],
        _ generator: SeededGenerator
    ) -> EventLoopFuture<Set<Topic>> {
        var generator = generator
        var wanted: Set<Topic> = []
        for _ in 0..<Int.random(in: 1...60, using: &generator) {
            guard let topic = topics.randomElement(using: &generator) else { continue }
            if Bool.random(using: &generator) {
                wanted.insert(topic)
                // A later unsubscription may fail it: that is what the storm is about.
                _ = relay.subscribe(to: [topic])
            } else {
                wanted.remove(topic)
                relay.unsubscribe(from: [topic])
            }
        }
        let done = wanted
        let next = generator
        guard Int.random(in: 0..<30, using: &generator) > 0 else {
            return relay.subscribe(to: Array(done)).flatMap {
                // Behind all that is in flight.
                let marker = Topic.jobs("marker")
                return relay.subscribe(to: [marker]).map {
                    relay.unsubscribe(from: [marker])
                    return done
                }
            }
        }
        return relay.eventLoop.submit {}.flatMap {
            var generator = next
            _ = generator.next()
            relay.unsubscribe(from: Array(done))
            return storm(relay, topics, generator)
        }
    }

    @Test func `run ends with its service group`() async throws {
        try await RedisServer.withServer { server in
            let relay = try RedisRelay(.init(redis: RedisConfiguration(url: server.url), node: "a"))
            let recorder = RelayRecorder(eventLoop: relay.eventLoop)
            relay.attach(recorder)
            let group = ServiceGroup(services: [relay], logger: .init(label: "group"))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await recorder.wait(for: "the connection") { _ in relay.status.isConnected }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(!relay.status.isConnected)
            #expect(recorder.entries.isEmpty)
            await #expect(throws: RelayError.self) { try await relay.publish(ByteBuffer(string: "x"), to: topic) }
            try await eventually("only redis-cli is left") {
                try await server.cli("CLIENT", "LIST").split(separator: "\n").count == 1
            }
        }
    }

    @Test func `a relay that is stopped while it connects ends at once`() async throws {
        try await FakeRedis.withServer(.silent) { server in
            for _ in 0..<20 {
                try await RelayHarness.withRelay(server.url, awaitConnection: false) { harness in
                    try await harness.recorder.wait(for: "an attempt") { _ in server.accepted > 0 }
                }
            }
        }
    }

    @Test func `events reach the hub from a publisher over Redis`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url, prefix: "x") { harness in
                try await LogHarness.withLog(server, prefix: "x") { _ in }
                try await harness.subscribe(topic)
                let transport: any PublishTransport = try .redis(server.url, prefix: "x")
                let event = Event(
                    channel: .chat, project: try ProjectID("p1"), name: try EventName("message.new"),
                    data: ByteBuffer(string: #"{"a": 1 }"#), id: EventID(7), recipient: try UserID("u1"))
                #expect(try await transport.publish(event) == PublishReceipt(id: 7, duplicate: false))
                try await harness.recorder.wait(for: "it") { $0.messageCount == 1 }
                let text = harness.recorder.messages[0]
                #expect(
                    text.hasPrefix(
                        #"{"event":"message.new","id":"7","prev":"0","position":"7-0","log":""#))
                #expect(text.contains(#"","to":{"user":"u1"},"ts":"#))
                #expect(text.hasSuffix(#","data":{"a": 1 }}"#))
                // Lost and made again with the next event but one, at the latest.
                try await server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                _ = try? await transport.publish(event)
                #expect(try await transport.publish(event) == PublishReceipt(id: 7, duplicate: true))
                await transport.shutdown()
                await #expect(throws: RedisError.closed) { try await transport.publish(event) }
            }
        }
    }
}
