import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

@Suite struct RedisEventLogFailureTests {
    private func unavailable(_ error: any Error) -> Bool {
        if case .unavailable? = error as? EventLogError { true } else { false }
    }

    private func refused(_ error: any Error) -> Bool {
        if case .refused? = error as? EventLogError { true } else { false }
    }

    @Test func `functions that Redis lost are loaded again, by whoever misses them and by the probe`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server, configure: { $0.probeIntervalMilliseconds = 60_000 }) { log in
                for _ in 0..<3 {
                    try await server.cli("FUNCTION", "FLUSH")
                    #expect(try await log.publish().id != nil)
                }
                try await server.cli("FUNCTION", "FLUSH")
                async let many = withThrowingTaskGroup(of: PublishReceipt.self) { group in
                    for _ in 0..<50 { group.addTask { try await log.publish() } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(try await Set(many.map(\.id)).count == 50)
                try await server.cli("FUNCTION", "FLUSH")
                _ = try await log.log.listen(to: [.chat], of: log.project, as: "me").get()
            }
            try await LogHarness.withLog(server) { _ in
                try await server.cli("FUNCTION", "FLUSH")
                try await eventually("the probe has loaded them") {
                    try await server.cli("FUNCTION", "LIST").contains("tributary_publish")
                }
            }
        }
    }

    @Test func `an AOF keeps the log through a crash`() async throws {
        let options = RedisServer.Options(configuration: ["appendonly yes", "appendfsync always"])
        try await RedisServer.withServer(options) { server in
            try await LogHarness.withLog(server) { log in
                for id in [10, 30, 20] as [UInt64] { try await log.publish(id: id, key: "k\(id)") }
                let before = try await log.read()
                server.kill()
                await #expect(performing: { try await log.publish(id: 40) }, throws: unavailable)
                await #expect(performing: { try await log.read() }, throws: unavailable)
                try await server.start()
                try await log.awaitAvailable()
                #expect(try await log.read() == before)
                #expect(try await log.publish(id: 20).duplicate)
                #expect(try await log.publish(id: 50, key: "k30") == PublishReceipt(id: 30, duplicate: true))
                #expect(try await log.publish(id: 40) == PublishReceipt(id: 40, duplicate: false))
            }
        }
    }

    @Test func `a Redis that comes back empty has a log of another epoch`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                let first = try await log.publish()
                let before = try await log.read().state
                server.kill()
                try await log.awaitAvailable(false)
                try await server.start()
                try await log.awaitAvailable()
                #expect(try await log.read().state.epoch == 0)
                let second = try await log.publish()
                let after = try await log.read().state
                #expect(after.epoch > before.epoch)
                #expect(try #require(second.id) > (try #require(first.id)))
                #expect(after.origin?.rawValue == second.id)
            }
        }
    }

    @Test func `a Redis that hangs is told within the timeout, and used again when it is back`() async throws {
        try await RedisServer.withServer { server in
            let quick: (inout RedisEventLog.Configuration) -> Void = {
                $0.redis.commandTimeoutMilliseconds = 300
                $0.redis.handshakeTimeoutMilliseconds = 300
            }
            try await LogHarness.withLog(server, configure: quick) { log in
                try await log.publish()
                server.pause()
                await #expect(performing: { try await log.publish() }, throws: unavailable)
                try await log.awaitAvailable(false)
                await #expect(performing: { try await log.read() }, throws: unavailable)
                server.resume()
                try await log.awaitAvailable()
                try await log.publish()
                let entries = try await log.read().entries
                // The first attempt may have been done after all; its caller was told that nobody knows.
                #expect((2...3).contains(entries.count))
            }
        }
    }

    @Test func `a log without Redis waits for one`() async throws {
        try await RedisServer.withServer { server in
            server.kill()
            try await LogHarness.withLog(server, awaitAvailable: false) { log in
                await #expect(performing: { try await log.publish() }, throws: unavailable)
                try await eventually("the cause is told") {
                    log.log.status.lastError?.contains("cannot connect") == true
                }
                try await server.start()
                try await log.awaitAvailable()
                try await log.publish()
            }
        }
    }

    @Test(arguments: ["publish", "xadd", "xtrim", "hset", "expire", "set"])
    func `a permission that is missing leaves nothing half-done`(_ command: String) async throws {
        let rules = "user app on >pw ~* &* +@all -\(command)"
        try await RedisServer.withServer(.init(configuration: [rules])) { server in
            let url = "redis://app:pw@127.0.0.1:\(server.port)"
            try await LogHarness.withLog(server, url: url) { log in
                try await RelayHarness.withRelay(server.url) { harness in
                    try await harness.subscribe(Topic(channel: .chat, project: log.project))
                    await #expect(performing: { try await log.publish(key: "k") }, throws: refused)
                    #expect(try await server.cli("DBSIZE") == "0\n")
                    try await server.cli("ACL", "SETUSER", "app", "+@all")
                    let receipt = try await log.publish(key: "k")
                    #expect(!receipt.duplicate)
                    try await harness.recorder.wait(for: "it") { $0.messageCount >= 1 }
                    #expect(harness.recorder.messageCount == 1)
                    #expect(try await log.read().entries.map(\.id.rawValue) == [receipt.id])
                }
            }
        }
    }

    @Test func `a Redis without functions is told, and looked at again`() async throws {
        let rules = "user app on >pw ~* &* +@all -fcall"
        try await RedisServer.withServer(.init(configuration: [rules])) { server in
            let url = "redis://app:pw@127.0.0.1:\(server.port)"
            try await LogHarness.withLog(server, url: url, awaitAvailable: false) { log in
                try await eventually("the cause is told") { log.log.status.lastError?.contains("NOPERM") == true }
                await #expect(performing: { try await log.publish() }, throws: refused)
                #expect(log.lines.withLockedValue { $0.count { $0.contains("NOPERM") } } == 1)
                try await server.cli("ACL", "SETUSER", "app", "+@all")
                try await log.awaitAvailable()
            }
        }
    }

    @Test func `a Redis that is full, or a replica, is unavailable and takes nothing`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                try await log.publish(key: "first")
                let before = try await log.read()
                try await server.cli("CONFIG", "SET", "maxmemory", "1")
                await #expect(performing: { try await log.publish(key: "k") }, throws: unavailable)
                try await server.cli("CONFIG", "SET", "maxmemory", "0")
                try await server.cli("REPLICAOF", "127.0.0.1", "1")
                await #expect(performing: { try await log.publish(key: "k") }, throws: unavailable)
                try await server.cli("REPLICAOF", "NO", "ONE")
                #expect(try await log.read() == before)
                #expect(try await log.publish(key: "k").duplicate == false)
            }
        }
    }

    @Test func `a user who may call functions but not load them uses those that are there`() async throws {
        let rules = "user app on >pw ~* &* +@all -function"
        try await RedisServer.withServer(.init(configuration: [rules])) { server in
            let url = "redis://app:pw@127.0.0.1:\(server.port)"
            try await LogHarness.withLog(server, url: url, awaitAvailable: false) { log in
                try await eventually("the cause is told") { log.log.status.lastError?.contains("NOPERM") == true }
                await #expect(performing: { try await log.publish() }, throws: refused)
                try await LogHarness.withLog(server) { _ in }
                try await log.awaitAvailable()
                try await log.publish()
            }
        }
    }

    @Test func `a thousand reads without Redis fail one by one`() async throws {
        try await RedisServer.withServer { server in
            try await LogHarness.withLog(server) { log in
                server.kill()
                try await log.awaitAvailable(false)
                let reads = (1...1_000 as ClosedRange<UInt64>).map {
                    log.log.read([.chat], of: log.project, after: .id($0), limit: 1)
                }
                for read in reads { await #expect(performing: { try await read.get() }, throws: unavailable) }
            }
        }
    }

    @Test func `hubs of two prefixes that start at once both find their catalog`() async throws {
        try await RedisServer.withServer { server in
            for _ in 0..<5 {
                try await server.cli("FUNCTION", "FLUSH")
                try await LogHarness.withLog(server, awaitAvailable: false) { plain in
                    try await LogHarness.withLog(server, prefix: "blue") { blue in
                        try await plain.awaitAvailable()
                        let receipts = [try await plain.publish(), try await blue.publish()]
                        #expect(receipts.allSatisfy { $0.id != nil })
                    }
                }
            }
        }
    }
}
