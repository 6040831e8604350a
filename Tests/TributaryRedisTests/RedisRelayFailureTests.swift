import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryRedis

@Suite struct RedisRelayFailureTests {
    private let topic = Topic.chat("p1")

    @Test func `Redis killed and started again under load: one hole, then everything arrives`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url) { harness in
                let topics = (0..<600).map { Topic.chat("p\($0)") }
                let relay = harness.relay
                try await relay.eventLoop.flatSubmit { relay.subscribe(to: topics) }.get()
                try await withPublishingLoad(server.url) {
                    try await harness.recorder.wait(for: "load") { $0.messageCount > 200 }
                    server.kill()
                    try await harness.awaitConnected(false)
                    try await harness.recorder.wait(for: "the loss") { $0.entries.contains(.disconnected) }
                    await #expect(throws: RelayError.self) { try await harness.publish("x", to: topic) }
                    try await server.start()
                    try await harness.recorder.wait(for: "the return") { $0.entries.contains(.reconnected) }
                    #expect(relay.status.isConnected)
                    // From here on nothing is lost, on any topic.
                    for topic in topics { try await harness.publish("after", to: topic) }
                    try await harness.recorder.wait(for: "one message each") { recorder in
                        recorder.entries.count { entry in
                            if case .received(let bytes, _) = entry { bytes == Array("after".utf8) } else { false }
                        } == topics.count
                    }
                }
                #expect(harness.recorder.count(of: .disconnected) == 1)
                #expect(harness.recorder.count(of: .reconnected) == 1)
                #expect(relay.status.reconnectsTotal == 1)
                #expect(relay.status.lastError == nil)
            }
        }
    }

    @Test func `a Redis that hangs is found by the probe`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url, configure: quickProbe) { harness in
                try await harness.subscribe(topic)
                for round in 1...2 {
                    server.pause()
                    try await harness.awaitConnected(false)
                    try await harness.recorder.wait(for: "the loss") { $0.count(of: .disconnected) == round }
                    await #expect(throws: RelayError.self) { try await harness.publish("x", to: topic) }
                    server.resume()
                    try await harness.recorder.wait(for: "the return") { $0.count(of: .reconnected) == round }
                    try await harness.publish("back \(round)", to: topic)
                    try await harness.recorder.wait(for: "the message") { $0.messages.contains("back \(round)") }
                }
                #expect(harness.recorder.count(of: .disconnected) == 2)
            }
        }
    }

    @Test func `a pub/sub connection that is killed comes back with all its topics`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url) { harness in
                try await harness.subscribe(topic, .jobs("p1"))
                try await harness.relay.tell(ByteBuffer(string: "before"), node: "a").get()
                try await server.cli("CLIENT", "KILL", "TYPE", "pubsub")
                try await harness.recorder.wait(for: "the return") { $0.entries.contains(.reconnected) }
                #expect(harness.recorder.entries == [.heard(Array("before".utf8)), .disconnected, .reconnected])
                for node in [nil, "a"] {
                    try await harness.relay.tell(ByteBuffer(string: "after"), node: node).get()
                }
                try await harness.recorder.wait(for: "what is told") { $0.heard == ["before", "after", "after"] }
                try await harness.publish("one", to: topic)
                try await harness.publish("two", to: .jobs("p1"))
                try await harness.recorder.wait(for: "both") { $0.messageCount == 2 }
            }
        }
    }

    @Test func `a command connection that is killed costs no message`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url) { harness in
                try await harness.subscribe(topic)
                try await server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                for n in 0..<50 { try await server.cli("PUBLISH", "chat:p1", "\(n)") }
                try await harness.recorder.wait(for: "all") { $0.messageCount == 50 }
                try await harness.recorder.wait(for: "the reconnection") { [relay = harness.relay] _ in
                    relay.status.reconnectsTotal == 1 && relay.status.isConnected
                }
                try await harness.publish("own", to: topic)
                try await harness.recorder.wait(for: "it") { $0.messageCount == 51 }
                #expect(!harness.recorder.entries.contains(.disconnected))
                #expect(!harness.recorder.entries.contains(.reconnected))
            }
        }
    }

    @Test func `pub/sub that is silently dead is found by the probe`() async throws {
        let options = RedisServer.Options(configuration: ["user app on >pw ~* &* +@all"])
        try await RedisServer.withServer(options) { server in
            let url = "redis://app:pw@127.0.0.1:\(server.port)"
            try await RelayHarness.withRelay(url, configure: quickProbe) { harness in
                try await harness.subscribe(topic)
                // Unsubscribed behind the relay's back: the connection lives, and brings nothing any more.
                harness.relay.eventLoop.execute {
                    guard let command = try? RedisCommand("SUBSCRIBE", "x").encoded() else { return }
                    harness.relay.subscriber?.send(command)
                }
                try await harness.recorder.wait(for: "the loss") { $0.entries.contains(.disconnected) }
                try await harness.recorder.wait(for: "the return") { $0.entries.contains(.reconnected) }
            }
        }
    }

    @Test func `attempts stay within the backoff's bounds while Redis accepts and drops`() async throws {
        try await attempts(.closing)
    }

    @Test func `attempts stay within the backoff's bounds while Redis speaks nonsense`() async throws {
        try await attempts(.saying(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)))
    }

    @Test func `attempts stay within the backoff's bounds while Redis never answers`() async throws {
        try await attempts(.silent)
    }

    @Test func `attempts stay within the backoff's bounds while Redis refuses`() async throws {
        try await attempts(.answering(Array("-LOADING Redis is loading the dataset in memory\r\n".utf8)))
    }

    private func attempts(_ manner: FakeRedis.Manner) async throws {
        try await FakeRedis.withServer(manner) { server in
            let start = ContinuousClock.now
            let quick: (inout RedisRelay.Configuration) -> Void = { $0.redis.handshakeTimeoutMilliseconds = 100 }
            try await RelayHarness.withRelay(server.url, awaitConnection: false, configure: quick) { harness in
                try await harness.recorder.wait(for: "attempts") { _ in server.accepted >= 4 }
                let elapsed = (ContinuousClock.now - start) / .milliseconds(1)
                // The fourth attempt comes after the shortest delays at the earliest: 100, 200 and 400 ms.
                #expect(elapsed >= 690)
                #expect(harness.recorder.entries.isEmpty)
                #expect(!harness.relay.status.isConnected)
                #expect(harness.relay.status.lastError?.isEmpty == false)
                // One line for one trouble, however often it is tried.
                let lines = harness.log.withLockedValue { $0.filter { $0.contains("no connection") } }
                #expect(!lines.isEmpty && Set(lines).count == lines.count)
            }
        }
    }

    @Test func `Redis that comes after the hub is found, and earlier subscribers hear of the hole`() async throws {
        try await RedisServer.withServer { server in
            server.kill()
            try await RelayHarness.withRelay(server.url, awaitConnection: false) { harness in
                await #expect(throws: RelayError.self) { try await harness.subscribe(topic) }
                await #expect(throws: RelayError.self) { try await harness.publish("x", to: topic) }
                try await harness.recorder.wait(for: "a failed attempt") { [relay = harness.relay] _ in
                    relay.status.lastError?.contains("Connection refused") == true
                }
                #expect(harness.relay.status.subscriptions == 1)
                try await server.start()
                try await harness.recorder.wait(for: "the connection") { $0.entries == [.reconnected] }
                try await harness.publish("now", to: topic)
                try await harness.recorder.wait(for: "it") { $0.messages == ["now"] }
                #expect(harness.relay.status.reconnectsTotal == 0)
            }
        }
    }

    @Test func `a wrong password is told, and tried again`() async throws {
        let options = RedisServer.Options(configuration: ["user app on >right ~* &* +@all"])
        try await RedisServer.withServer(options) { server in
            let url = "redis://app:geheim@127.0.0.1:\(server.port)"
            try await RelayHarness.withRelay(url, awaitConnection: false) { harness in
                try await harness.recorder.wait(for: "the refusal") { [relay = harness.relay] _ in
                    relay.status.lastError?.contains("WRONGPASS") == true
                }
                let log = harness.log.withLockedValue { $0 }
                #expect(log.contains { $0.contains("WRONGPASS") })
                #expect(!log.contains { $0.contains("geheim") })
                try await server.cli("ACL", "SETUSER", "app", ">geheim")
                try await harness.awaitConnected()
                #expect(harness.relay.status.lastError == nil)
            }
        }
    }

    @Test func `a user that may not use some topics gets the others`() async throws {
        let rules = "user app on >pw ~* &chat:* &tributary:* +@all"
        try await RedisServer.withServer(.init(configuration: [rules])) { server in
            let url = "redis://app:pw@127.0.0.1:\(server.port)"
            let often: (inout RedisRelay.Configuration) -> Void = { $0.probeIntervalMilliseconds = 100 }
            try await RelayHarness.withRelay(url, configure: often) { harness in
                let relay = harness.relay
                // In one turn of the loop, and so in one command.
                let (jobs, chat) = try await relay.eventLoop.submit {
                    (relay.subscribe(to: [.jobs("p1")]), relay.subscribe(to: [.chat("p1"), .chat("p2")]))
                }.get()
                try await chat.get()
                await #expect {
                    try await jobs.get()
                } throws: { error in
                    if case RelayError.refused? = error as? RelayError { true } else { false }
                }
                await #expect {
                    try await harness.publish("x", to: .jobs("p1"))
                } throws: { error in
                    if case RelayError.refused? = error as? RelayError { true } else { false }
                }
                try await harness.publish("chat", to: topic)
                try await harness.recorder.wait(for: "it") { $0.messages == ["chat"] }
                // Permissions change: the probe asks again.
                try await server.cli("ACL", "SETUSER", "app", "&jobs:*")
                try await harness.recorder.wait(for: "the subscription") { recorder in
                    recorder.messages.contains("jobs")
                } meanwhile: {
                    try? await harness.publish("jobs", to: .jobs("p1"))
                }
                #expect(relay.status.isConnected)
            }
        }
    }

    @Test func `a user without the control channel is told so`() async throws {
        let rules = "user app on >pw ~* &chat:* +@all"
        try await RedisServer.withServer(.init(configuration: [rules])) { server in
            let url = "redis://app:pw@127.0.0.1:\(server.port)"
            try await RelayHarness.withRelay(url, awaitConnection: false) { harness in
                try await harness.recorder.wait(for: "the refusal") { [relay = harness.relay] _ in
                    relay.status.lastError?.contains("NOPERM") == true
                }
                #expect(harness.log.withLockedValue { $0.contains { $0.contains("tributary:control:a") } })
                try await server.cli("ACL", "SETUSER", "app", "&tributary:*")
                try await harness.awaitConnected()
            }
        }
    }

    @Test func `each subscriber connection is a session that Redis knows`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url) { harness in
                try await harness.subscribe(topic)
                let first = harness.relay.session
                #expect(try await server.cli("PUBSUB", "NUMSUB", first).hasSuffix("1\n"))
                try await server.cli("CLIENT", "KILL", "TYPE", "pubsub")
                try await harness.recorder.wait(for: "the return") { $0.entries.contains(.reconnected) }
                let second = harness.relay.session
                #expect(first != second)
                #expect(try await server.cli("PUBSUB", "NUMSUB", first).hasSuffix("0\n"))
                #expect(try await server.cli("PUBSUB", "NUMSUB", second).hasSuffix("1\n"))
            }
        }
    }

    @Test func `the relay works over TLS, through a restart`() async throws {
        try await Certificate.withCertificate { certificate in
            let options = RedisServer.Options(tls: (certificate.path, certificate.keyPath))
            try await RedisServer.withServer(options) { server in
                try await RelayHarness.withRelay("\(server.url)?ca_file=\(certificate.path)") { harness in
                    try await harness.subscribe(topic)
                    let long = String(repeating: "x", count: 300_000)
                    try await harness.publish(long, to: topic)
                    try await harness.recorder.wait(for: "it") { $0.messages == [long] }
                    server.kill()
                    try await harness.awaitConnected(false)
                    try await server.start()
                    try await harness.recorder.wait(for: "the return") { $0.entries.contains(.reconnected) }
                    try await harness.publish("again", to: topic)
                    try await harness.recorder.wait(for: "it") { $0.messages.last == "again" }
                }
            }
        }
    }

    @Test func `Redis gone again and again while topics come and go leaves what is wanted`() async throws {
        try await RedisServer.withServer { server in
            try await RelayHarness.withRelay(server.url) { harness in
                let relay = harness.relay
                var generator = SeededGenerator(seed: 5)
                var wanted: Set<Topic> = []
                for _ in 0..<6 {
                    for _ in 0..<20 {
                        let topic = Topic.chat("p\(Int.random(in: 0..<10, using: &generator))")
                        if Bool.random(using: &generator) {
                            wanted.insert(topic)
                            relay.eventLoop.execute { _ = relay.subscribe(to: [topic]) }
                        } else {
                            wanted.remove(topic)
                            relay.eventLoop.execute { relay.unsubscribe(from: [topic]) }
                        }
                    }
                    try await server.cli("CLIENT", "KILL", "TYPE", Bool.random(using: &generator) ? "pubsub" : "normal")
                }
                let names = Set(wanted.map(\.name))
                try await eventually("\(names) and the session are subscribed") {
                    Set(try await server.cli("PUBSUB", "CHANNELS").split(separator: "\n").map(String.init))
                        == names.union([relay.session, "tributary:nodes", "tributary:nodes:a"])
                }
                try await harness.awaitConnected()
                #expect(relay.status.subscriptions == wanted.count)
            }
        }
    }

    private var quickProbe: (inout RedisRelay.Configuration) -> Void {
        {
            $0.probeIntervalMilliseconds = 100
            $0.probeTimeoutMilliseconds = 1_000
            $0.redis.handshakeTimeoutMilliseconds = 1_000
        }
    }

    /// Publishes to `chat:p1` from another connection for as long as `body` runs, whatever happens to Redis.
    private func withPublishingLoad(_ url: String, _ body: () async throws -> Void) async throws {
        let client = try RedisClient(RedisConfiguration(url: url))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled { _ = try? await client.send("PUBLISH", "chat:p1", "load") }
            }
            try await body()
            group.cancelAll()
        }
        await client.shutdown()
    }
}
