import NIOPosix
import Testing
import TributaryCore
import TributaryRedis
import TributaryTesting

@Suite struct RedisCoordinationContractTests {
    @Test(arguments: CoordinationContract.Case.allCases)
    func `Redis keeps the contract of coordination`(_ promise: CoordinationContract.Case) async throws {
        try await contract(prefix: nil).check(promise)
    }

    @Test(arguments: [CoordinationContract.Case.replaces, .separatesOwners, .joins, .leaves, .members, .beats])
    func `Redis keeps it behind a prefix`(_ promise: CoordinationContract.Case) async throws {
        try await contract(prefix: "staging").check(promise)
    }

    private func contract(prefix: String?) -> CoordinationContract {
        CoordinationContract { times, body in
            try await RedisServer.withServer { server in
                var redis = try RedisConfiguration(url: server.url)
                // A machine with much else to do is no broken promise.
                redis.commandTimeoutMilliseconds = 30_000
                var configuration = RedisCoordination.Configuration(redis: redis, prefix: prefix)
                configuration.times = times
                configuration.commandTimeoutMilliseconds = 30_000
                let nodes = [
                    try RedisCoordination(configuration, on: MultiThreadedEventLoopGroup.singleton.next()),
                    try RedisCoordination(configuration, on: MultiThreadedEventLoopGroup.singleton.next()),
                ]
                let relay = try RedisRelay(.init(redis: redis, node: "a", prefix: prefix))
                try await body(.init(nodes: nodes, relay: relay, wipe: { try await server.cli("FLUSHALL") }))
            }
        }
    }
}
