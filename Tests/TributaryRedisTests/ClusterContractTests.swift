import Logging
import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryRedis

/// The contracts of relay, log and coordination, against a real cluster: one for all cases, wiped in between.
@Suite struct ClusterContractTests {
    @Test func `the relay over a cluster keeps the relay's contract`() async throws {
        try await RedisCluster.withCluster { cluster in
            for prefix in [nil, "staging"] {
                for promise in RelayContract.Case.allCases {
                    do {
                        try await relay(cluster, prefix: prefix).check(promise)
                    } catch {
                        Issue.record("\(promise) (\(prefix ?? "")): \(error)")
                    }
                }
            }
        }
    }

    @Test func `the log in a cluster keeps the log's contract`() async throws {
        try await RedisCluster.withCluster { cluster in
            for promise in EventLogContract.Case.cases(clock: false, wipe: true) {
                try await cluster.wipe()
                do {
                    try await log(cluster).check(promise)
                } catch {
                    Issue.record("\(promise): \(error)")
                }
            }
        }
    }

    @Test func `coordination in a cluster keeps its contract`() async throws {
        try await RedisCluster.withCluster { cluster in
            for promise in CoordinationContract.Case.allCases {
                try await cluster.wipe()
                do {
                    try await coordination(cluster).check(promise)
                } catch {
                    Issue.record("\(promise): \(error)")
                }
            }
        }
    }

    private func coordination(_ cluster: RedisCluster) -> CoordinationContract {
        CoordinationContract { times, body in
            let redis = try RedisConfiguration(url: cluster.url)
            var configuration = RedisCoordination.Configuration(redis: redis)
            configuration.times = times
            let nodes = try (0..<2).map { _ in
                try RedisCoordination(
                    configuration, on: MultiThreadedEventLoopGroup.singleton.next(), logger: Self.silent)
            }
            let relay = try RedisClusterRelay(.init(redis: redis, node: "a"), logger: Self.silent)
            try await body(.init(nodes: nodes, relay: relay, wipe: { try await cluster.wipe() }))
        }
    }

    private static let silent = Logger(label: "cluster") { _ in SwiftLogNoOpLogHandler() }

    private func relay(_ cluster: RedisCluster, prefix: String?) -> RelayContract {
        RelayContract { body in
            let redis = try RedisConfiguration(url: cluster.url)
            let relay = try RedisClusterRelay(
                .init(redis: redis, node: RelayContract.node, prefix: prefix), logger: Self.silent)
            let peer = try RedisClusterRelay(
                .init(redis: redis, node: RelayContract.otherNode, prefix: prefix), logger: Self.silent)
            let other = try RedisClient(redis)
            try await body(
                RelayContract.Fixture(relay: relay, other: peer) { payload, topic in
                    let name = RedisArgument.string(topic.shardName(prefix: prefix))
                    _ = try await other.send(topic.project == nil ? "PUBLISH" : "SPUBLISH", name, .bytes(payload))
                }
            )
            await other.shutdown()
        }
    }

    private func log(_ cluster: RedisCluster) -> EventLogContract {
        EventLogContract { body in
            let redis = try RedisConfiguration(url: cluster.url)
            let log = try RedisEventLog(.init(redis: redis), catalog: EventLogContract.catalog, logger: Self.silent)
            var configuration = RedisRelay.Configuration(redis: redis, node: "a")
            configuration.maximumEnvelopeBytes = Envelope.maximumBytes + Envelope.maximumPlacementBytes
            let relay = try RedisClusterRelay(configuration, logger: Self.silent)
            let listeners = ShardListeners(cluster)
            try await body(
                EventLogContract.Fixture(
                    log: log, relay: relay, listener: { try await listeners.make() }, wipe: { try await cluster.wipe() }
                )
            )
            await listeners.close()
        }
    }
}

/// Connections that subscribe to a session of their own at the master of `p1`, as relays do.
private actor ShardListeners {
    private let cluster: RedisCluster
    private var connections: [RedisConnection] = []

    init(_ cluster: RedisCluster) {
        self.cluster = cluster
    }

    func make() async throws -> EventLogContract.Listener {
        let server = try await cluster.owner(of: "p1")
        let connection = try await RedisConnection.connect(
            RedisConfiguration(url: server.url), on: MultiThreadedEventLoopGroup.singleton.any())
        let name = "listener \(connections.count)"
        connections.append(connection)
        _ = try await connection.send("SSUBSCRIBE", .string("\(name):{p1}"))
        return EventLogContract.Listener(name: name) {
            await connection.close()
            try await eventually("Redis has noticed") {
                try await server.cli("PUBSUB", "SHARDNUMSUB", "\(name):{p1}").hasSuffix("0\n")
            }
        }
    }

    func close() async {
        for connection in connections { await connection.close() }
    }
}
