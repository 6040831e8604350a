import TributaryCore
import TributaryProtocol

/// What every coordination promises, as one suite: each implementation runs all cases against itself.
///
///     @Test(arguments: CoordinationContract.Case.allCases)
///     func `memory keeps the contract of coordination`(_ promise: CoordinationContract.Case) async throws {
///         try await CoordinationContract { times, body in … try await body(.init(nodes: [one, other], …)) }.check(promise)
///     }
public struct CoordinationContract: Sendable {
    /// Two nodes' views of the same, and a relay of one of them. Nothing of it is started, and nobody attached to the relay.
    public struct Fixture: Sendable {
        public let nodes: [any Coordination]
        public let relay: any Relay
        /// Takes everything away, as a Redis loses it.
        public let wipe: @Sendable () async throws -> Void

        public init(
            nodes: [any Coordination], relay: any Relay, wipe: @escaping @Sendable () async throws -> Void
        ) {
            self.nodes = nodes
            self.relay = relay
            self.wipe = wipe
        }
    }

    /// Makes a fixture with these times, hands it to `body`, and takes it down.
    public typealias Factory =
        @Sendable (CoordinationTimes, _ body: @Sendable (Fixture) async throws -> Void) async throws -> Void

    private let factory: Factory

    public init(_ factory: @escaping Factory) {
        self.factory = factory
    }

    public func check(_ promise: Case) async throws {
        try await factory(promise.times) { fixture in
            let session = try CoordinationSession(fixture)
            try await session.run { try await check(promise, session) }
        }
    }
}
