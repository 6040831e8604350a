import Logging
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryTesting

/// A running ``RedisRelay`` with a recorder, and what a test does with it.
struct RelayHarness: Sendable {
    let relay: RedisRelay
    let recorder: RelayRecorder
    let log: NIOLockedValueBox<[String]>

    /// Runs a relay around `body`; afterwards its `run()` has ended.
    static func withRelay(
        _ url: String,
        node: String = "a",
        prefix: String? = nil,
        awaitConnection: Bool = true,
        configure: (inout RedisRelay.Configuration) -> Void = { _ in },
        _ body: (RelayHarness) async throws -> Void
    ) async throws {
        var configuration = RedisRelay.Configuration(
            redis: try RedisConfiguration(url: url), node: node, prefix: prefix)
        configure(&configuration)
        let log = NIOLockedValueBox<[String]>([])
        let logger = Logger(label: "relay") { _ in LinesHandler(lines: log) }
        let relay = try RedisRelay(configuration, logger: logger)
        let harness = RelayHarness(relay: relay, recorder: RelayRecorder(eventLoop: relay.eventLoop), log: log)
        relay.attach(harness.recorder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await relay.run() }
            if awaitConnection { try await harness.awaitConnected() }
            do {
                try await body(harness)
            } catch {
                Issue.record("the relay's log: \(log.withLockedValue { $0 }), its status: \(relay.status)")
                throw error
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    func awaitConnected(_ isConnected: Bool = true, seconds: Double = 30) async throws {
        let relay = relay
        try await recorder.wait(for: "connected: \(isConnected), but \(relay.status)", seconds: seconds) { _ in
            relay.status.isConnected == isConnected
        }
    }

    func subscribe(_ topics: Topic...) async throws {
        let relay = relay
        try await relay.eventLoop.flatSubmit { relay.subscribe(to: topics) }.get()
    }

    func unsubscribe(_ topics: Topic...) async throws {
        let relay = relay
        try await relay.eventLoop.submit { relay.unsubscribe(from: topics) }.get()
    }

    func publish(_ text: String, to topic: Topic) async throws {
        try await relay.publish(ByteBuffer(string: text), to: topic)
    }
}

/// A log handler that keeps the lines.
struct LinesHandler: LogHandler {
    let lines: NIOLockedValueBox<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    init(lines: NIOLockedValueBox<[String]>) {
        self.lines = lines
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.withLockedValue { $0.append("\(event.level) \(event.message) \(details.joined(separator: " "))") }
    }
}
