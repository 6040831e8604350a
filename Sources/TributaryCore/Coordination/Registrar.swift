import Logging
import NIOCore
import TributaryProtocol

/// The node's streams among those of all nodes: lets them in, says every 20 s that they are open, takes them out, and closes those
/// that lost their place.
///
/// While the registry cannot be reached, streams are let in by what this node knows, and entered when it can be again.
/// `@unchecked Sendable`: its event loop owns all mutable state; what may be called from elsewhere says so.
final class Registrar: @unchecked Sendable {
    let eventLoop: any EventLoop
    let node: String
    let coordination: any Coordination
    let relay: any Relay
    let configuration: HubConfiguration
    let catalog: Catalog
    let logger: Logger
    /// Written once by ``Hub`` before the first stream.
    var shards: [Shard] = []

    var limits: AdmissionLimits
    var places: [ConnectionID: Place] = [:]
    var owners: [StreamOwner: [Place]] = [:]
    var closings = RecentClosings()
    var revocations = RecentRevocations()
    /// Are told who may not read any more, before the streams are closed. On the registrar's event loop.
    var revocationObservers: [@Sendable (UserID, ProjectID?) -> Void] = []
    var figures = Figures()

    /// Streams that ask for a place: a thousand may come together.
    private let arrivals: PacedWork
    /// Streams that ended, for the registry to forget.
    var removals: [StreamEntry] = []
    /// Users of whom the node has the first stream, or has no stream any more, since the presence store last heard of it.
    var presenceChanges: Set<StreamOwner> = []
    /// Projects where somebody goes offline soon.
    var sweeps: [(project: ProjectID, deadline: NIODeadline)] = []
    /// Projects where the presence store has taken this node's users in.
    var presentProjects: Set<ProjectID> = []
    /// Projects of which the store had forgotten who is there, and that are being renewed.
    var renewals: Set<ProjectID> = []
    var isFlushScheduled = false
    var reachability = Reachability()
    var timers: [RepeatedTask] = []
    var slot = 0
    /// The nodes, as of the last beat.
    var nodes: [NodeRecord] = []
    /// Questions to other nodes.
    var inquiries = Inquiries()
    /// A node that nobody knew has been heard of, less than a second ago.
    var isBeatScheduled = false
    /// And another one since.
    var isBeatWanted = false
    /// The node has heard its own introduction, so the others can as well.
    var isIntroduced = false
    /// The node's figures, as JSON, for the others.
    var ownFigures: (() -> EventLoopFuture<ByteBuffer>)?
    /// Lost nodes whose streams were swept, or will be.
    var mourned: Set<String> = []

    /// A user has said at another node whether it types; set once by ``Hub``.
    var typedElsewhere: @Sendable (StreamOwner) -> Void = { _ in }

    /// How far this node has heard a project's log, and of which channels; set once by ``Hub``.
    var timeline: @Sendable (ProjectID) async -> (position: LogPosition, known: ChannelSet)? = { _ in nil }

    /// A moment's view, for `/stats`.
    struct State: Sendable {
        let isReachable: Bool
        let figures: Figures
    }

    var state: State { State(isReachable: reachability.isReachable, figures: figures) }

    /// What `/stats` says of it.
    struct Figures: Sendable {
        var displaced: [String: UInt64] = [:]
        var refused: [String: UInt64] = [:]
        /// Streams let in without the registry's word.
        var unregistered: UInt64 = 0
    }

    init(
        coordination: any Coordination, relay: any Relay, configuration: HubConfiguration, catalog: Catalog,
        eventLoop: any EventLoop, logger: Logger
    ) {
        self.coordination = coordination
        self.relay = relay
        self.configuration = configuration
        self.catalog = catalog
        self.eventLoop = eventLoop
        self.logger = logger
        node = configuration.node
        limits = AdmissionLimits(configuration)
        arrivals = PacedWork(eventLoop: eventLoop)
    }

    // MARK: Streams come

    /// Streams come with the turns of the loop.
    func pace(_ turns: any LoopTurns) { arrivals.turns = turns }

    /// Asks for a place. From any thread; the future is `shard`'s loop's, and fails with ``AdmissionRefusal``.
    func admit(_ request: StreamRequest, on shard: Shard) -> EventLoopFuture<Void> {
        let promise = shard.eventLoop.makePromise(of: Void.self)
        eventLoop.perform { self.arrivals.perform { self.enter(request, shard: shard.index, promise) } }
        return promise.futureResult
    }

    private func enter(_ request: StreamRequest, shard: Int, _ promise: EventLoopPromise<Void>) {
        do throws(AdmissionRefusal) {
            try limits.enter(request.address, now: eventLoop.now.uptimeNanoseconds / 1_000)
        } catch {
            count(error)
            return promise.fail(error)
        }
        let place = Place(request, shard: shard, connectedAt: Instant.microseconds)
        if revocations.include(place.owner, since: request.judgedSince) { place.ending = .revoked }
        guard place.isRegistered else {
            add(place)
            return letIn(place, promise)
        }
        register(place, promise)
    }

    private func register(_ place: Place, _ promise: EventLoopPromise<Void>) {
        // It has its place from now on, so that a stream that ends before the answer comes is taken out again.
        add(place)
        let patience = TimeAmount.milliseconds(Int64(configuration.registerTimeoutMilliseconds))
        var isDecided = false
        var timeout: Scheduled<Void>?
        coordination.register(registered(place), limit: limit(for: place)).hop(to: eventLoop).assumeIsolated()
            .whenComplete {
                result in
                timeout?.cancel()
                let isLate = isDecided
                isDecided = true
                switch result {
                case .success(.accepted(let connectedAt, let displaced)):
                    place.connectedAt = connectedAt
                    self.displace(displaced)
                    // It ended meanwhile, and was taken out before it was entered.
                    if place.isGone { self.remove(StreamEntry(owner: place.owner, id: place.id)) }
                    if !isLate { self.letIn(place, promise) }
                case .success(.rejected(let current)):
                    guard !isLate else { return }
                    let refusal = AdmissionRefusal.userLimit(
                        current: current, maximum: self.configuration.streamLimit.maximum ?? current)
                    self.count(refusal)
                    self.forget(place)
                    promise.fail(refusal)
                case .failure(let error):
                    self.failed(error)
                    if !isLate { self.letInAlone(place, promise) }
                }
            }
        // Memory answers at once.
        guard !isDecided else { return }
        timeout = eventLoop.assumeIsolated().scheduleTask(in: patience) {
            guard !isDecided else { return }
            isDecided = true
            self.failed(CoordinationError.unavailable("the registry did not answer in time"))
            self.letInAlone(place, promise)
        }
    }

    /// Nobody can say what other nodes have: the limits hold for what this one has.
    private func letInAlone(_ place: Place, _ promise: EventLoopPromise<Void>) {
        figures.unregistered += 1
        guard !place.isGone else { return promise.succeed() }
        let others = (owners[place.owner] ?? []).filter { $0 !== place }
            .sorted { $0.connectedAt < $1.connectedAt }
        let replaced = others.filter { $0.instance != nil && $0.instance == place.instance }
        let rest = others.filter { $0.instance == nil || $0.instance != place.instance }
        let limit = limit(for: place)
        let excess = limit.maximum.map { max(0, rest.count + 1 - $0) } ?? 0
        if excess > 0, limit.policy == .reject {
            let refusal = AdmissionRefusal.userLimit(current: rest.count, maximum: limit.maximum ?? 0)
            count(refusal)
            forget(place)
            return promise.fail(refusal)
        }
        displace(
            replaced.map { Displacement(id: $0.id, node: node, reason: .replaced) }
                + rest.prefix(excess).map { Displacement(id: $0.id, node: node, reason: .evicted) }
        )
        letIn(place, promise)
    }

    /// The stream may open; what was said of it meanwhile follows.
    private func letIn(_ place: Place, _ promise: EventLoopPromise<Void>) {
        if !place.isGone {
            place.isLetIn = true
            if !place.isAnonymous, owners[place.owner]?.count(where: \.isLetIn) == 1 { notePresence(of: place.owner) }
        }
        let shard = shards[place.shard]
        shard.eventLoop.perform { shard.letIn(promise) }
        // Another node's word may overtake the registry's own answer.
        if !place.isGone, let reason = place.ending { close(place, reason) }
    }

    /// A user's streams that were let in: one that is still to be decided on is nowhere yet.
    func open(_ owner: StreamOwner) -> [Place] { (owners[owner] ?? []).filter(\.isLetIn) }

    func limit(for place: Place) -> StreamLimit {
        var limit = configuration.streamLimit
        if place.isAnonymous { limit.maximum = nil }
        return limit
    }

    func registered(_ place: Place) -> RegisteredStream {
        RegisteredStream(
            id: place.id, owner: place.owner, instance: place.instance, node: node,
            channels: names(of: place.channels), userAgent: place.userAgent, connectedAt: place.connectedAt
        )
    }

    func names(of channels: ChannelSet) -> [String] { channels.indices.map { catalog.channels[$0].name } }

    private func add(_ place: Place) {
        places[place.id] = place
        owners[place.owner, default: []].append(place)
    }

    /// Whether a stream would be let in.
    ///
    /// - Throws: ``AdmissionRefusal``.
    func preflight(_ request: StreamRequest) async throws {
        try await eventLoop.submit {
            try self.limits.check(request.address, now: self.eventLoop.now.uptimeNanoseconds / 1_000)
        }.get()
        let limit = configuration.streamLimit
        guard limit.policy == .reject, let maximum = limit.maximum, !request.isAnonymous else { return }
        let owner = StreamOwner(user: request.user, project: request.project)
        // Who cannot be asked refuses nobody.
        guard let streams = try? await coordination.streams(of: owner).get() else { return }
        let others = streams.filter { $0.instance == nil || $0.instance != request.clientInstance }
        if others.count >= maximum { throw AdmissionRefusal.userLimit(current: others.count, maximum: maximum) }
    }

    // MARK: Streams go

    /// A stream has ended, or will not be opened after all. From any thread.
    func closed(_ id: ConnectionID, reason: StreamCloseReason? = nil, position: LogPosition? = nil) {
        eventLoop.perform {
            guard let place = self.places[id] else { return }
            if let reason {
                self.closings.note(place, reason, position: position, channels: self.names(of: place.channels))
            }
            self.forget(place)
            if place.isRegistered { self.remove(StreamEntry(owner: place.owner, id: id)) }
        }
    }

    private func forget(_ place: Place) {
        guard !place.isGone else { return }
        place.isGone = true
        places[place.id] = nil
        limits.leave(place.address)
        // Taken out, so that it is changed in place and not copied.
        var others = owners.removeValue(forKey: place.owner) ?? []
        others.removeAll { $0 === place }
        guard others.isEmpty else { return owners[place.owner] = others }
        if !place.isAnonymous, place.isLetIn { notePresence(of: place.owner) }
    }

    /// The channels of a stream have changed. From any thread.
    func changed(_ id: ConnectionID, channels: ChannelSet) {
        eventLoop.perform { self.places[id]?.channels = channels }
    }

    /// Closes streams that lost their place, each on its node.
    func displace(_ displaced: [Displacement]) {
        var others: [String: [Displacement]] = [:]
        for displacement in displaced {
            if displacement.node == node {
                // The registry's answer may come late, when the same was decided without it.
                guard let place = places[displacement.id], !place.isClosing else { continue }
                close(place, displacement.reason == .replaced ? .replaced : .evicted)
            } else {
                others[displacement.node, default: []].append(displacement)
            }
            figures.displaced[displacement.reason.rawValue, default: 0] += 1
        }
        for (node, displaced) in others { tellDisplaced(displaced, to: node) }
    }

    /// Closes a stream of this node, if it has it.
    @discardableResult
    func close(_ id: ConnectionID, _ reason: StreamCloseReason) -> Bool {
        guard let place = places[id] else { return false }
        close(place, reason)
        return true
    }

    private func close(_ place: Place, _ reason: StreamCloseReason) {
        place.isClosing = true
        guard place.isLetIn else {
            place.ending = reason
            return
        }
        let (shard, id) = (shards[place.shard], place.id)
        shard.eventLoop.perform { shard.close(id, reason) }
    }

    private func count(_ refusal: AdmissionRefusal) {
        figures.refused[refusal.code, default: 0] += 1
    }
}

extension AdmissionRefusal {
    /// Every label that there is.
    package static let codes = ["address_limit", "address_rate", "node_full", "user_limit"]

    /// The label in `/stats`.
    var code: String {
        switch self {
        case .nodeFull: "node_full"
        case .addressLimit: "address_limit"
        case .addressRate: "address_rate"
        case .userLimit: "user_limit"
        }
    }
}
