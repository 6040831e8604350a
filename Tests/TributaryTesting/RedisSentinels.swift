import Foundation

/// A master with two replicas, and three sentinels who watch them: real processes on free ports.
///
/// The master takes writes only while a replica is there (`min-replicas-to-write 1`).
public struct RedisSentinels: Sendable {
    /// The first one began as the master.
    public let servers: [RedisServer]
    public let sentinels: [RedisServer]
    public static let master = "tributary-master"

    /// `redis+sentinel://…/tributary-master`
    public var url: String {
        "redis+sentinel://\(sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))/\(Self.master)"
    }

    @discardableResult
    public static func withSentinels<Value>(_ body: (RedisSentinels) async throws -> Value) async throws -> Value {
        try await RedisServer.withServers(3) { running in
            var lines = [
                "min-replicas-to-write 1", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1",
            ]
            if let master = running.first { lines.append("replicaof 127.0.0.1 \(master.port)") }
            return RedisServer.Options(configuration: lines)
        } _: { servers in
            try await eventually("both replicas are there") {
                try await servers[0].cli("INFO", "replication").components(separatedBy: "state=online").count == 3
            }
            let watch = [
                "sentinel monitor \(master) 127.0.0.1 \(servers[0].port) 2",
                "sentinel down-after-milliseconds \(master) 1000", "sentinel failover-timeout \(master) 4000",
            ]
            return try await RedisServer.withServers(3) { _ in
                RedisServer.Options(configuration: watch, isSentinel: true)
            } _: { sentinels in
                let all = RedisSentinels(servers: servers, sentinels: sentinels)
                try await eventually("the sentinels know each other and the replicas") {
                    for sentinel in sentinels {
                        let text = try await sentinel.cli("SENTINEL", "CKQUORUM", master)
                        let replicas = try await sentinel.cli("SENTINEL", "REPLICAS", master)
                        guard text.hasPrefix("OK 3"), replicas.components(separatedBy: "127.0.0.1:").count >= 3 else {
                            return false
                        }
                    }
                    return true
                }
                return try await body(all)
            }
        }
    }

    /// Who the sentinels say is the master now.
    public func master() async throws -> RedisServer? {
        let text = try await sentinels[0].cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self.master)
        return servers.first { text.split(separator: "\n").last == "\($0.port)" }
    }
}
