import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

@Suite struct RedisRelayContractTests {
    @Test(arguments: RelayContract.Case.allCases)
    func `the Redis relay keeps the relay's contract`(_ promise: RelayContract.Case) async throws {
        try await contract(prefix: nil).check(promise)
    }

    @Test(arguments: [RelayContract.Case.delivers, .isolatesTopics, .broadcasts, .unsubscribes, .tells])
    func `the Redis relay keeps it behind a prefix`(_ promise: RelayContract.Case) async throws {
        try await contract(prefix: "staging").check(promise)
    }

    private func contract(prefix: String?) -> RelayContract {
        RelayContract { body in
            try await RedisServer.withServer { server in
                let redis = try RedisConfiguration(url: server.url)
                let relay = try RedisRelay(.init(redis: redis, node: RelayContract.node, prefix: prefix))
                let peer = try RedisRelay(.init(redis: redis, node: RelayContract.otherNode, prefix: prefix))
                let other = try RedisClient(redis)
                try await body(
                    RelayContract.Fixture(relay: relay, other: peer) { payload, topic in
                        _ = try await other.send("PUBLISH", .string(topic.name(prefix: prefix)), .bytes(payload))
                    }
                )
                await other.shutdown()
            }
        }
    }
}
