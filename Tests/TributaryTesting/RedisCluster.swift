import Foundation

/// Three masters with a replica each: a real Redis Cluster of processes on free ports.
public struct RedisCluster: Sendable {
    /// The first three began as masters, each of a third of the slots, the others as their replicas, in the same order.
    public let servers: [RedisServer]

    /// `redis+cluster://…` of two of them.
    public var url: String { "redis+cluster://127.0.0.1:\(servers[0].port),127.0.0.1:\(servers[4].port)" }

    /// - Parameter configuration: further lines for `redis.conf`.
    @discardableResult
    public static func withCluster<Value>(
        configuration: [String] = [], _ body: (RedisCluster) async throws -> Value
    ) async throws -> Value {
        try await RedisServer.withServers(6) { _ in
            RedisServer.Options(
                configuration: [
                    "cluster-node-timeout 1000", "cluster-require-full-coverage no",
                    "cluster-allow-replica-migration no", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1",
                ] + configuration, isClustered: true)
        } _: { servers in
            let cluster = RedisCluster(servers: servers)
            try await cluster.join()
            return try await body(cluster)
        }
    }

    private func join() async throws {
        for (index, range) in [(0, 5_460), (5_461, 10_922), (10_923, 16_383)].enumerated() {
            try await servers[index].cli("CLUSTER", "ADDSLOTSRANGE", "\(range.0)", "\(range.1)")
        }
        for (index, server) in servers.enumerated() {
            try await server.cli("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
        }
        for index in 1..<6 {
            let server = servers[index]
            try await servers[0].cli("CLUSTER", "MEET", "127.0.0.1", "\(server.port)", "\(server.busPort ?? 0)")
        }
        try await eventually("the servers know each other") {
            try await all { try await $0.cli("CLUSTER", "INFO").contains("cluster_known_nodes:6") }
        }
        for index in 3..<6 {
            let master = try await id(of: servers[index - 3])
            try await eventually("the replica knows its master") {
                try await servers[index].cli("CLUSTER", "REPLICATE", master).hasPrefix("OK")
            }
        }
        try await eventually("the cluster is whole") {
            let isOK = try await all { server in
                let slots = try await server.cli("CLUSTER", "SLOTS").components(separatedBy: "127.0.0.1").count
                let isUp = try await server.cli("CLUSTER", "INFO").contains("cluster_state:ok")
                return isUp && slots == 7
            }
            guard isOK else { return false }
            for master in servers[..<3] where try await !master.cli("INFO", "replication").contains("state=online") {
                return false
            }
            return true
        }
    }

    private func all(_ condition: (RedisServer) async throws -> Bool) async throws -> Bool {
        for server in servers where try await !condition(server) { return false }
        return true
    }

    public func id(of server: RedisServer) async throws -> String {
        try await server.cli("CLUSTER", "MYID").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The server that has the slot of a project's keys, as `witness` sees it.
    public func owner(of project: String, witness: RedisServer? = nil) async throws -> RedisServer {
        let witness = witness ?? servers[0]
        let slot = try await self.slot(of: project)
        let lines = try await witness.cli("CLUSTER", "NODES").split(separator: "\n")
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count > 8, words[2].contains("master"), !words[2].contains("fail") else { continue }
            for range in words[8...] where !range.hasPrefix("[") {
                let ends = range.split(separator: "-").compactMap { Int($0) }
                guard let first = ends.first, let last = ends.last, (first...last).contains(slot) else { continue }
                let port = words[1].prefix { $0 != "@" }.split(separator: ":").last.flatMap { Int($0) }
                if let server = servers.first(where: { $0.port == port }) { return server }
            }
        }
        throw RedisServer.Failure(description: "nobody has slot \(slot)")
    }

    public func slot(of project: String) async throws -> Int {
        let text = try await servers.first { $0.isRunning }?.cli("CLUSTER", "KEYSLOT", "{\(project)}") ?? ""
        guard let slot = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw RedisServer.Failure(description: "no slot: \(text)")
        }
        return slot
    }

    /// Moves the slot of a project to another master, twenty keys at a time, as `redis-cli --cluster reshard` does.
    ///
    /// - Parameter pause: waited between the steps, so that others come in between.
    public func moveSlot(of project: String, to target: RedisServer, pause: Duration = .zero) async throws {
        let slot = "\(try await self.slot(of: project))"
        let source = try await owner(of: project)
        let (from, to) = (try await id(of: source), try await id(of: target))
        try await target.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", from)
        try await source.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", to)
        try await Task.sleep(for: pause)
        while true {
            let keys = try await source.cli("CLUSTER", "GETKEYSINSLOT", slot, "20").split(separator: "\n").map(
                String.init)
            guard !keys.isEmpty else { break }
            let migrate = [
                "redis-cli", "-p", "\(source.port)", "MIGRATE", "127.0.0.1", "\(target.port)", "", "0", "5000", "KEYS",
            ]
            try await ChildProcess.run(migrate + keys)
            try await Task.sleep(for: pause)
        }
        for server in [target, source] { try await server.cli("CLUSTER", "SETSLOT", slot, "NODE", to) }
    }

    /// Takes everything away, functions excepted.
    public func wipe() async throws {
        for server in servers where try await server.cli("ROLE").hasPrefix("master") {
            try await server.cli("FLUSHALL")
        }
    }
}
