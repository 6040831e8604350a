import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryRedis

@Suite struct SentinelTests {
    @Test func `connections find the master, whichever sentinels answer`() async throws {
        try await RedisSentinels.withSentinels { redis in
            redis.sentinels[0].kill()
            let client = try RedisClient(RedisConfiguration(url: redis.url))
            #expect(try await client.send("SET", "k", "v") == .simpleString("OK"))
            #expect(try await redis.servers[0].cli("GET", "k") == "v\n")
            await client.shutdown()
            let unknown = "redis+sentinel://127.0.0.1:\(redis.sentinels[1].port)/other"
            let lost = try RedisClient(RedisConfiguration(url: unknown))
            await #expect {
                _ = try await lost.send("PING")
            } throws: { error in
                "\(error)".contains("no sentinel says where the master other is")
            }
            await lost.shutdown()
        }
    }

    /// Acknowledged here means by the master and by one replica (`WAIT 1`).
    @Test func `a master killed under load: what it and a replica had taken reaches every stream`() async throws {
        try await RedisSentinels.withSentinels { redis in
            try await FailoverHarness.withHub(redis.url) { harness in
                let stream = try await harness.open("p1")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for project in ["p1", "p2"] {
                        group.addTask {
                            let publisher = ReplicatedPublisher(harness.configuration)
                            try await harness.publishUntilCancelled(to: project, publisher.publish)
                            await publisher.close()
                        }
                    }
                    try await eventually("load") { harness.acknowledgedCount("p1") > 200 }
                    redis.servers[0].kill()
                    try await eventually("another master", seconds: 60) {
                        try await redis.master()?.port != redis.servers[0].port
                    }
                    try await harness.awaitReady()
                    let count = harness.acknowledgedCount("p1")
                    try await eventually("more load") { harness.acknowledgedCount("p1") > count + 200 }
                    // The old master comes back, and becomes a replica.
                    try await redis.servers[0].start()
                    try await eventually("it is a replica", seconds: 60) {
                        try await redis.servers[0].cli("INFO", "replication").contains("master_link_status:up")
                    }
                    let then = harness.acknowledgedCount("p1")
                    try await eventually("more load") { harness.acknowledgedCount("p1") > then + 200 }
                    group.cancelAll()
                    try await group.waitForAll()
                }
                try await harness.expectComplete("p1", stream)
                for project in ["p1", "p2"] { try await harness.expectKept(project) }
            }
        }
    }

    @Test func `an old master that is made a replica is left at once`() async throws {
        try await RedisSentinels.withSentinels { redis in
            let client = try RedisClient(RedisConfiguration(url: redis.url))
            _ = try await client.send("PING")
            // As if it had happened unseen: the sentinels cut no connection.
            let direct = try RedisClient(RedisConfiguration(url: redis.servers[0].url))
            for sentinel in redis.sentinels.dropFirst() { sentinel.pause() }
            _ = try await direct.send("REPLICAOF", "127.0.0.1", .integer(redis.servers[1].port))
            await #expect(throws: RedisError.self) { try await client.send("SET", "k", "v") }
            for sentinel in redis.sentinels.dropFirst() { sentinel.resume() }
            try await eventually("writes go to a master again", seconds: 60) {
                (try? await client.send("SET", "k", "v")) != nil
            }
            await direct.shutdown()
            await client.shutdown()
        }
    }
}

/// Publishes on one connection, and takes for acknowledged what one replica has confirmed.
private actor ReplicatedPublisher {
    private let configuration: RedisConfiguration
    private var connection: RedisConnection?

    init(_ configuration: RedisConfiguration) {
        self.configuration = configuration
    }

    func publish(_ event: Event) async throws -> UInt64 {
        struct NotReplicated: Error {}
        do {
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            let connection: RedisConnection
            if let open = self.connection {
                connection = open
            } else {
                connection = try await .connect(configuration, on: loop)
            }
            self.connection = connection
            let answers = await connection.send(pipeline: [
                .publish(event, prefix: nil), RedisCommand("WAIT", "1", "1000"),
            ])
            guard let id = PublishReceipt(try answers[0].get())?.id, let replicas = try answers[1].get().integer,
                replicas >= 1
            else { throw NotReplicated() }
            return id
        } catch {
            await close()
            throw error
        }
    }

    func close() async {
        await connection?.close()
        connection = nil
    }
}
