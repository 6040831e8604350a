import Foundation
import class NIOCore.EventLoopFuture
import ServiceLifecycle
import Testing
import TributaryCore
import TributaryProtocol

/// Running coordinations of two nodes, with whoever hears what is told of presence, for ``CoordinationContract``.
struct CoordinationSession: Sendable {
    let fixture: CoordinationContract.Fixture
    let recorder: RelayRecorder
    let project: ProjectID
    let owner: StreamOwner

    var one: any Coordination { fixture.nodes[0] }
    var other: any Coordination { fixture.nodes[1] }

    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }

    init(_ fixture: CoordinationContract.Fixture) throws {
        self.fixture = fixture
        recorder = RelayRecorder(eventLoop: fixture.relay.eventLoop)
        project = try ProjectID("p1")
        owner = StreamOwner(user: try UserID("u1"), project: project)
    }

    /// Runs everything around `body`; returns when all of it has ended.
    func run(_ body: () async throws -> Void) async throws {
        let relay = fixture.relay
        relay.attach(recorder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await relay.run() }
            for node in fixture.nodes { group.addTask { try await node.run() } }
            try await eventually("relay and coordination") {
                guard relay.status.isConnected else { return false }
                for node in fixture.nodes {
                    do { try await node.leave("nobody").get() } catch { return false }
                }
                return true
            }
            let topic = Topic(channel: .presence, project: project)
            try await relay.eventLoop.flatSubmit { relay.subscribe(to: [topic]) }.get()
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Returns once `condition` holds, or throws after 30 s.
    func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw TimedOut(description: "not so in time: \(what)") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    // MARK: Streams

    func stream(
        _ instance: String? = nil, on node: String = "a", of owner: StreamOwner? = nil, channels: [String] = ["chat"],
        userAgent: String? = nil
    ) throws -> RegisteredStream {
        RegisteredStream(
            id: ConnectionID(), owner: owner ?? self.owner, instance: try instance.map { try ClientInstanceID($0) },
            node: node, channels: channels, userAgent: userAgent)
    }

    /// Registers a stream and expects that it is accepted.
    ///
    /// - Returns: the stream with its time, and who left.
    @discardableResult
    func register(
        _ stream: RegisteredStream, limit: Int? = 5, _ policy: StreamLimit.Policy = .evict,
        at node: (any Coordination)? = nil
    ) async throws -> (stream: RegisteredStream, displaced: [Displacement]) {
        let outcome = try await (node ?? one).register(stream, limit: StreamLimit(maximum: limit, policy: policy)).get()
        guard case .accepted(let connectedAt, let displaced) = outcome else {
            throw TimedOut(description: "the stream was refused: \(outcome)")
        }
        var stream = stream
        (stream.connectedAt, stream.refreshedAt) = (connectedAt, connectedAt)
        return (stream, displaced)
    }

    func refresh(
        _ streams: [RegisteredStream], limit: Int? = 5, _ policy: StreamLimit.Policy = .evict,
        at node: (any Coordination)? = nil
    ) async throws -> [Displacement] {
        let owners = Dictionary(grouping: streams, by: \.owner)
        return try await (node ?? one).refresh(
            owners.map {
                OpenStreams(owner: $0, limit: StreamLimit(maximum: limit, policy: policy), streams: $1)
            }
        ).get()
    }

    /// What the other node sees.
    func streams(of owner: StreamOwner? = nil) async throws -> [RegisteredStream] {
        try await other.streams(of: owner ?? self.owner).get()
    }

    // MARK: Presence

    func join(_ names: String..., on node: String = "a") async throws {
        let users = try names.map { PresentUser(id: try UserID($0), type: "client") }
        _ = try await one.join(users, of: project, on: node).get()
    }

    func leave(_ names: String..., on node: String = "a") async throws {
        _ = try await one.leave(names.map { try UserID($0) }, of: project, on: node).get()
    }

    /// Has both nodes look at once, and awaits what was told before.
    func sweep() async throws {
        let (one, other) = (one.sweep([project]), other.sweep([project]))
        try await one.get()
        try await other.get()
    }

    /// What was told, in order.
    func told() throws -> [PresenceChanged] {
        try recorder.messages.map { text in
            struct Told: Decodable {
                var event: String
                var data: PresenceChanged
            }
            let told = try JSONDecoder().decode(Told.self, from: Data(text.utf8))
            #expect(told.event == "presence.changed")
            return told.data
        }
    }

    /// Awaits exactly these changes, as `u1 online`.
    func expectTold(_ expected: String..., location: SourceLocation = #_sourceLocation) async throws {
        // Whatever was told before this is heard before it.
        let mark = "mark \(ConnectionID())"
        _ = try await one.join([PresentUser(id: try UserID(mark), type: "mark")], of: project, on: "mark").get()
        try await recorder.wait(for: mark) { $0.messages.contains { $0.contains(mark) } }
        let told = try told().filter { !$0.userID.hasPrefix("mark ") }
        let texts = told.map { "\($0.userID) \($0.status.rawValue)" }
        #expect(texts == expected, sourceLocation: location)
    }

    /// When a change happened, in milliseconds since 1970.
    func time(_ timestamp: Timestamp?) throws -> Double {
        guard case .milliseconds(let number)? = timestamp else {
            throw TimedOut(description: "no number: \(timestamp as Any)")
        }
        return number
    }
}
