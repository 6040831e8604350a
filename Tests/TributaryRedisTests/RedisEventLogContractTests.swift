import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

@Suite struct RedisEventLogContractTests {
    @Test(arguments: EventLogContract.Case.cases(clock: false, wipe: true))
    func `the Redis log keeps the log's contract`(_ promise: EventLogContract.Case) async throws {
        try await contract(prefix: nil).check(promise)
    }

    @Test(arguments: [EventLogContract.Case.chains, .aliases, .deduplicates, .records, .noticesTheDead, .epochs])
    func `the Redis log keeps it behind a prefix`(_ promise: EventLogContract.Case) async throws {
        try await contract(prefix: "staging").check(promise)
    }

    private func contract(prefix: String?) -> EventLogContract {
        EventLogContract { body in
            try await RedisServer.withServer { server in
                let redis = try RedisConfiguration(url: server.url)
                let log = try RedisEventLog(.init(redis: redis, prefix: prefix), catalog: EventLogContract.catalog)
                var configuration = RedisRelay.Configuration(redis: redis, node: "a", prefix: prefix)
                configuration.maximumEnvelopeBytes = Envelope.maximumBytes + Envelope.maximumPlacementBytes
                let relay = try RedisRelay(configuration)
                let listeners = Listeners(redis)
                try await body(
                    EventLogContract.Fixture(
                        log: log, relay: relay, listener: { try await listeners.make(server) },
                        wipe: { try await server.cli("FLUSHALL") }
                    )
                )
                await listeners.close()
            }
        }
    }
}

/// Connections that subscribe to a name of their own, as relays do.
private actor Listeners {
    private let configuration: RedisConfiguration
    private var connections: [RedisConnection] = []

    init(_ configuration: RedisConfiguration) {
        self.configuration = configuration
    }

    func make(_ server: RedisServer) async throws -> EventLogContract.Listener {
        let connection = try await RedisConnection.connect(
            configuration, on: MultiThreadedEventLoopGroup.singleton.any())
        let name = "listener \(connections.count) {x}"
        connections.append(connection)
        _ = try await connection.send("SUBSCRIBE", .string(name))
        return EventLogContract.Listener(name: name) {
            await connection.close()
            try await eventually("Redis has noticed") {
                try await server.cli("PUBSUB", "NUMSUB", name).hasSuffix("0\n")
            }
        }
    }

    func close() async {
        for connection in connections { await connection.close() }
    }
}
