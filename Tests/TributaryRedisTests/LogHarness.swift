import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

/// A running ``RedisEventLog`` and a connection of the test's own.
struct LogHarness: Sendable {
    let log: RedisEventLog
    let client: RedisClient
    let lines: NIOLockedValueBox<[String]>
    let project: ProjectID

    /// Runs a log around `body`; afterwards its `run()` has ended.
    static func withLog(
        _ server: RedisServer,
        url: String? = nil,
        prefix: String? = nil,
        catalog: Catalog? = nil,
        awaitAvailable: Bool = true,
        configure: (inout RedisEventLog.Configuration) -> Void = { _ in },
        _ body: (LogHarness) async throws -> Void
    ) async throws {
        var configuration = RedisEventLog.Configuration(
            redis: try RedisConfiguration(url: url ?? server.url), prefix: prefix)
        configuration.probeIntervalMilliseconds = 100
        configure(&configuration)
        let lines = NIOLockedValueBox<[String]>([])
        let logger = Logger(label: "log") { _ in LinesHandler(lines: lines) }
        let log = try RedisEventLog(configuration, catalog: catalog ?? Catalog.bundled(), logger: logger)
        let client = try RedisClient(RedisConfiguration(url: server.url))
        let harness = LogHarness(log: log, client: client, lines: lines, project: try ProjectID("p1"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await log.run() }
            do {
                if awaitAvailable { try await harness.awaitAvailable() }
                try await body(harness)
            } catch {
                Issue.record("the log's lines: \(lines.withLockedValue { $0 }), its status: \(log.status)")
                throw error
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        await client.shutdown()
    }

    func awaitAvailable(_ isAvailable: Bool = true) async throws {
        try await eventually("available: \(isAvailable)") { log.status.isAvailable == isAvailable }
    }

    @discardableResult
    func publish(
        _ channel: TributaryProtocol.Channel = .chat, _ name: String = "message.new", data: String = "1",
        id: UInt64? = nil, to user: String? = nil, key: String? = nil
    ) async throws -> PublishReceipt {
        try await log.publish(
            Event(
                channel: channel, project: project, name: EventName(name), data: ByteBuffer(string: data),
                id: id.flatMap(EventID.init), recipient: user.map { try UserID($0) }, clientMessageID: key))
    }

    func read(
        _ channels: [TributaryProtocol.Channel] = [.chat, .jobs], after cursor: LogCursor = .id(0), limit: Int = 1_000
    ) async throws -> LogPage {
        try await log.read(channels, of: project, after: cursor, limit: limit).get()
    }

    /// Calls `tributary_publish` as a service would.
    func call(_ arguments: String...) async throws -> RESPValue {
        let command = ["FCALL", "tributary_publish", "1", "{p1}"] + arguments
        return try await client.send(RedisCommand(arguments: command.map { .string($0) })).get()
    }

    /// What the call was refused with.
    func refusal(_ arguments: String...) async throws -> String? {
        let command = ["FCALL", "tributary_publish", "1", "{p1}"] + arguments
        do {
            _ = try await client.send(RedisCommand(arguments: command.map { .string($0) })).get()
            return nil
        } catch RedisError.server(let code, let message) {
            return code == "ERR" ? message.split(separator: " ").dropFirst().first.map(String.init) : message
        }
    }
}

extension Catalog {
    /// A catalog of channels as `"chat": #""durable": true, "retention": {"count": 10}"#`.
    static func test(revision: Int? = nil, _ channels: [String: String]) throws -> Catalog {
        let entries = channels.sorted { $0.key < $1.key }.map { name, rest in
            "{\"name\": \"\(name)\", \(rest)\(rest.contains("\"events\"") ? "" : ", \"events\": []")}"
        }
        let revision = revision.map { "\"revision\": \($0), " } ?? ""
        return try Catalog(
            json: Data("{\"version\": 1, \(revision)\"channels\": [\(entries.joined(separator: ", "))]}".utf8))
    }
}
