import class NIOCore.EventLoopFuture
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

/// Two nodes' ``RedisCoordination`` on one Redis, and a connection of the test's own.
struct CoordinationHarness: Sendable {
    let nodes: [RedisCoordination]
    let client: RedisClient
    let owner: StreamOwner

    var one: RedisCoordination { nodes[0] }
    var other: RedisCoordination { nodes[1] }

    /// Runs both around `body`; afterwards their `run()` has ended.
    static func withNodes(
        _ server: RedisServer,
        url: String? = nil,
        times: CoordinationTimes = CoordinationTimes(),
        commandTimeoutMilliseconds: Int = 30_000,
        _ body: (CoordinationHarness) async throws -> Void
    ) async throws {
        var redis = try RedisConfiguration(url: url ?? server.url)
        redis.commandTimeoutMilliseconds = commandTimeoutMilliseconds
        var configuration = RedisCoordination.Configuration(redis: redis)
        configuration.times = times
        configuration.commandTimeoutMilliseconds = commandTimeoutMilliseconds
        let nodes = try (0..<2).map { _ in
            try RedisCoordination(configuration, on: MultiThreadedEventLoopGroup.singleton.next())
        }
        let client = try RedisClient(RedisConfiguration(url: server.url))
        let harness = CoordinationHarness(
            nodes: nodes, client: client,
            owner: StreamOwner(user: try UserID("auth0|{5:f}"), project: try ProjectID("p1")))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { try await node.run() } }
            try await harness.awaitAvailable()
            try await body(harness)
            group.cancelAll()
            try await group.waitForAll()
        }
        await client.shutdown()
    }

    func awaitAvailable() async throws {
        for node in nodes {
            try await eventually("Redis answers") {
                do {
                    _ = try await node.streams(of: owner).get()
                    return true
                } catch CoordinationError.unavailable {
                    return false
                }
            }
        }
    }

    func stream(_ instance: String? = nil, of owner: StreamOwner? = nil) throws -> RegisteredStream {
        RegisteredStream(
            id: ConnectionID(), owner: owner ?? self.owner, instance: try instance.map { try ClientInstanceID($0) },
            node: "a", channels: ["chat", "jobs"], userAgent: "x/1")
    }

    func user(_ name: String) throws -> PresentUser {
        PresentUser(id: try UserID(name), type: "client")
    }

    /// The keys in Redis, sorted.
    func keys() async throws -> [String] {
        try await (client.send("KEYS", "*").array ?? []).compactMap(\.string).sorted()
    }

    func integer(_ arguments: RedisArgument...) async throws -> Int64? {
        try await client.send(RedisCommand(arguments: arguments)).get().integer
    }
}
