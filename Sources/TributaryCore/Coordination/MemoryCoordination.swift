import NIOConcurrencyHelpers
import struct NIOCore.ByteBuffer
import protocol NIOCore.EventLoop
import class NIOCore.EventLoopFuture
import struct NIOCore.TimeAmount
import ServiceLifecycle
import TributaryProtocol

/// What nodes share inside one process: `tributary serve` without Redis, and the tests' double.
///
/// Every call does its work before it returns, on the caller's thread and under one lock.
public final class MemoryCoordination: Coordination {
    /// Hands an envelope to the relay. It must not call the coordination.
    public typealias Send = @Sendable (ByteBuffer, Topic) -> Void

    private struct State {
        var owners: [StreamOwner: UserStreams] = [:]
        var projects: [ProjectID: ProjectPresence] = [:]
        var nodes: [String: (figures: ByteBuffer, heardAt: UInt64)] = [:]
    }

    public let kind = "memory"
    public let times: CoordinationTimes

    private let eventLoop: any EventLoop
    private let clock: @Sendable () -> UInt64
    private let send: Send
    private let state = NIOLockedValueBox(State())

    /// A minute: often enough that what nobody asks for doesn't pile up, seldom enough to cost nothing.
    private static let sweepInterval = TimeAmount.seconds(60)

    /// - Parameters:
    ///   - eventLoop: succeeds the futures.
    ///   - clock: microseconds since 1970.
    ///   - send: is called under the lock, so that changes are told in their order.
    public init(
        times: CoordinationTimes = CoordinationTimes(),
        eventLoop: any EventLoop,
        clock: @escaping @Sendable () -> UInt64 = { Instant.microseconds },
        send: @escaping Send
    ) {
        self.times = times
        self.eventLoop = eventLoop
        self.clock = clock
        self.send = send
    }

    /// One that tells of presence through a memory relay. What a relay does not take, because the hub is too far behind, is
    /// lost as any ephemeral event is.
    public convenience init(
        times: CoordinationTimes = CoordinationTimes(),
        relay: MemoryRelay,
        clock: @escaping @Sendable () -> UInt64 = { Instant.microseconds }
    ) {
        self.init(times: times, eventLoop: relay.eventLoop, clock: clock) { try? relay.send($0, to: $1) }
    }

    /// Forgets what has expired, each minute, until it is cancelled or the service group shuts down.
    public func run() async throws {
        let sweep = eventLoop.scheduleRepeatedTask(
            initialDelay: Self.sweepInterval, delay: Self.sweepInterval
        ) { [weak self] _ in self?.sweep() }
        try? await gracefulShutdown()
        sweep.cancel()
    }

    // MARK: Streams

    public func register(_ stream: RegisteredStream, limit: StreamLimit) -> EventLoopFuture<Registration> {
        eventLoop.makeSucceededFuture(
            change(stream.owner) { streams, now in streams.register(stream, limit: limit, now: now) })
    }

    public func refresh(_ users: [OpenStreams]) -> EventLoopFuture<[Displacement]> {
        var displaced: [Displacement] = []
        for user in users {
            displaced += change(user.owner) { streams, now in
                streams.refresh(user.streams, limit: user.limit, now: now)
            }
        }
        return eventLoop.makeSucceededFuture(displaced)
    }

    public func remove(_ streams: [StreamEntry]) -> EventLoopFuture<Void> {
        for entry in streams { change(entry.owner) { streams, _ in streams.remove(entry.id) } }
        return eventLoop.makeSucceededVoidFuture()
    }

    public func sweep(_ owners: [StreamOwner]) -> EventLoopFuture<Void> {
        for owner in owners { change(owner) { streams, now in streams.sweep(now: now) } }
        return eventLoop.makeSucceededVoidFuture()
    }

    public func streams(of owner: StreamOwner) -> EventLoopFuture<[RegisteredStream]> {
        eventLoop.makeSucceededFuture(change(owner) { streams, now in streams.streams(now: now) })
    }

    // MARK: Presence

    public func join(_ users: [PresentUser], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        eventLoop.makeSucceededFuture(
            change(project) { presence, now in
                let wasKnown = !presence.isEmpty
                return (wasKnown, presence.join(users, on: node, now: now, lifetime: UInt64(times.presence)))
            })
    }

    public func leave(_ users: [UserID], of project: ProjectID, on node: String) -> EventLoopFuture<Bool> {
        eventLoop.makeSucceededFuture(
            change(project) { presence, now in
                presence.leave(users, on: node, now: now, grace: UInt64(times.offlineGrace))
                return (!presence.isEmpty, [])
            })
    }

    public func set(_ status: PresenceState, of user: UserID, in project: ProjectID) -> EventLoopFuture<Bool> {
        eventLoop.makeSucceededFuture(
            change(project) { presence, now in presence.set(status, of: user, now: now) })
    }

    public func sweep(_ projects: [ProjectID]) -> EventLoopFuture<Void> {
        for project in projects { change(project) { presence, now in ((), presence.sweep(now: now)) } }
        return eventLoop.makeSucceededVoidFuture()
    }

    public func members(of project: ProjectID) -> EventLoopFuture<[PresenceMember]> {
        eventLoop.makeSucceededFuture(
            change(project) { presence, now in
                let changes = presence.sweep(now: now)
                return (presence.members, changes)
            })
    }

    // MARK: Nodes

    public func beat(_ node: String, figures: ByteBuffer) -> EventLoopFuture<[NodeRecord]> {
        let now = clock()
        let (memory, lost) = (UInt64(times.nodeMemory) * 1_000, UInt64(times.nodeLost) * 1_000)
        let records = state.withLockedValue { state in
            state.nodes[node] = (figures, now)
            state.nodes = state.nodes.filter { $0.value.heardAt + memory > now }
            return state.nodes.map { name, node in
                let silent = now - min(now, node.heardAt)
                return NodeRecord(
                    name: name, figures: node.figures, silentMilliseconds: silent / 1_000, isLost: silent >= lost)
            }
        }
        return eventLoop.makeSucceededFuture(records.sorted { $0.name < $1.name })
    }

    public func leave(_ node: String) -> EventLoopFuture<Void> {
        state.withLockedValue { $0.nodes[node] = nil }
        return eventLoop.makeSucceededVoidFuture()
    }

    // MARK: -

    /// How many users have streams, and projects somebody who is there.
    package var counts: (owners: Int, projects: Int) { state.withLockedValue { ($0.owners.count, $0.projects.count) } }

    /// Forgets everything, as a Redis does that is wiped.
    public func removeAll() {
        state.withLockedValue { $0 = State() }
    }

    private func sweep() {
        let (owners, projects) = state.withLockedValue { (Array($0.owners.keys), Array($0.projects.keys)) }
        // One at a time: streams that open don't wait for all of them.
        _ = sweep(owners)
        _ = sweep(projects)
    }

    /// Works on the streams of a user, and forgets the user if there are none afterwards.
    private func change<Answer>(_ owner: StreamOwner, _ body: (inout UserStreams, UInt64) -> Answer) -> Answer {
        state.withLockedValue { state in
            // Taken out, so that it is changed in place and not copied.
            var streams =
                state.owners.removeValue(forKey: owner) ?? UserStreams(lifetime: UInt64(times.stream) * 1_000)
            defer { if !streams.isEmpty { state.owners[owner] = streams } }
            return body(&streams, clock())
        }
    }

    /// Works on the presence of a project, tells what changed, and forgets the project if nobody is there afterwards.
    private func change<Answer>(
        _ project: ProjectID, _ body: (inout ProjectPresence, UInt64) -> (Answer, [PresenceChange])
    ) -> Answer {
        state.withLockedValue { state in
            var presence = state.projects.removeValue(forKey: project) ?? ProjectPresence()
            defer { if !presence.isEmpty { state.projects[project] = presence } }
            let (answer, changes) = body(&presence, clock() / 1_000)
            let topic = Topic(channel: .presence, project: project)
            for change in changes { send(change.envelope(in: project), topic) }
            return answer
        }
    }
}
