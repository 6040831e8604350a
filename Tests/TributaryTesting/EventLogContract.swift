import Foundation
import struct NIOCore.ByteBuffer
import Testing
import TributaryCore
import TributaryProtocol

/// What every log promises, as one suite: each implementation runs all cases against itself.
///
///     @Test(arguments: EventLogContract.Case.allCases)
///     func `the memory log keeps the log's contract`(_ promise: EventLogContract.Case) async throws {
///         try await EventLogContract { body in … try await body(.init(log: log, relay: relay, …)) }.check(promise)
///     }
///
/// The log has ``catalog``, and nothing in it for the projects `p1` and `p2`.
public struct EventLogContract: Sendable {
    /// A log, and the relay it publishes to, neither of them started; nobody is attached to the relay.
    public struct Fixture: Sendable {
        public let log: any EventLog
        public let relay: any Relay
        /// Makes a connection that can listen, and lives.
        public let listener: @Sendable () async throws -> Listener
        /// Sets the log's clock, in microseconds since 1970. Without it leave out ``Case/needClock``.
        public let setTime: (@Sendable (UInt64) async throws -> Void)?
        /// Takes everything away from the log, as a Redis loses it. Without it leave out ``Case/needWipe``.
        public let wipe: (@Sendable () async throws -> Void)?

        public init(
            log: any EventLog,
            relay: any Relay,
            listener: @escaping @Sendable () async throws -> Listener,
            setTime: (@Sendable (UInt64) async throws -> Void)? = nil,
            wipe: (@Sendable () async throws -> Void)? = nil
        ) {
            self.log = log
            self.relay = relay
            self.listener = listener
            self.setTime = setTime
            self.wipe = wipe
        }
    }

    /// A node's connection, as a log knows it.
    public struct Listener: Sendable {
        public let name: String
        /// Cuts the connection, without a word to the log; returns once the log could notice.
        public let disconnect: @Sendable () async throws -> Void

        public init(name: String, disconnect: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.disconnect = disconnect
        }
    }

    /// What the log under test is made with.
    public static let catalog: Catalog = {
        let json = """
            {"version": 1, "channels": [
                {"name": "chat", "durable": true, "events": [
                    {"name": "message.new", "durable": true}, {"name": "typing.*", "durable": false}]},
                {"name": "jobs", "aliases": ["job"], "durable": true, "events": []},
                {"name": "presence", "durable": false, "events": []},
                {"name": "few", "durable": true, "events": [], "retention": {"count": 10}},
                {"name": "light", "durable": true, "events": [], "retention": {"bytes": 4096}},
                {"name": "brief", "durable": true, "events": [], "retention": {"age_seconds": 60}}
            ]}
            """
        do {
            return try Catalog(json: Data(json.utf8))
        } catch {
            preconditionFailure("the contract's own catalog: \(error)")
        }
    }()

    /// What the log may publish to.
    public static let topics: [Topic] = ["p1", "p2"].flatMap { name in
        catalog.channels.map { Topic(channel: $0, project: try? ProjectID(name)) }
    }

    /// Makes a fixture, hands it to `body`, and takes it down.
    public typealias Factory = @Sendable (_ body: @Sendable (Fixture) async throws -> Void) async throws -> Void

    private let factory: Factory

    public init(_ factory: @escaping Factory) {
        self.factory = factory
    }

    public func check(_ promise: Case) async throws {
        try await factory { fixture in
            let session = try EventLogSession(fixture)
            try await session.run { try await check(promise, session) }
        }
    }
}

extension Channel {
    static let few = contract("few")
    static let light = contract("light")
    static let brief = contract("brief")

    private static func contract(_ name: String) -> Channel {
        EventLogContract.catalog.channels.first { $0.name == name } ?? .chat
    }
}
