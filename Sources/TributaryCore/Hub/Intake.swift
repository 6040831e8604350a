import Logging
import NIOCore
import TributaryProtocol

/// Where events enter the node: scans each message, has its project's ``Sequencer`` say when its turn is, encodes its frame once,
/// and hands the segments of a batch to the event loops that have listeners.
///
/// `@unchecked Sendable`: the relay's event loop owns all mutable state.
final class Intake: RelayReceiver, @unchecked Sendable {
    let relay: any Relay
    private let log: any EventLog
    let catalog: Catalog
    let frames: HubFrames
    /// Who is there in a project, on any node.
    let members: (ProjectID) -> EventLoopFuture<[PresenceMember]>
    private let configuration: HubConfiguration
    let rejections: RejectionCounter
    let logger: Logger

    /// The channel that tells who comes and goes, if the catalog has it.
    let presenceChannel: Int?
    private var multiplexer: Multiplexer
    private var expiry: Scheduled<Void>?
    /// Subscriptions that the relay has not confirmed yet.
    private var pending: [Topic: EventLoopFuture<Void>] = [:]
    /// Tells a topic's present subscription from an earlier one, whose confirmation may come late.
    private var subscriptionNumbers: [Topic: UInt64] = [:]
    private var subscriptionCount: UInt64 = 0
    private(set) var projects: [ProjectID: ProjectRoute] = [:]
    /// Where messages of a topic go; kept as long as the node is subscribed.
    private var routes: [Topic: Route] = [:]
    private var lastRoute: Route?
    /// What replaces what for readers that are behind.
    var conflationRules: ConflationRules
    /// Projects that this batch has frames for.
    var touched: [ProjectRoute] = []
    private var receivedTotal: UInt64 = 0
    var measurements = IntakeMeasurements()
    /// One line for each frame of an event that belongs to a trace.
    var traces: SampledLog
    private var published: [UInt64]
    /// Written once by ``Hub`` before anything is received.
    var shards: [Shard] = []
    /// Takes what other nodes say; written once by ``Hub``.
    var heard: (NodeMessage) -> Void = { _ in }

    init(
        relay: any Relay, log: any EventLog, catalog: Catalog, configuration: HubConfiguration,
        frames: HubFrames, rejections: RejectionCounter, logger: Logger,
        members: @escaping (ProjectID) -> EventLoopFuture<[PresenceMember]>
    ) {
        self.relay = relay
        self.frames = frames
        self.members = members
        presenceChannel = catalog.index(of: TributaryProtocol.Channel.presence.name)
        self.log = log
        self.catalog = catalog
        self.configuration = configuration
        self.rejections = rejections
        self.logger = logger
        traces = SampledLog(logger, "frames")
        multiplexer = Multiplexer(linger: UInt64(configuration.lingerMilliseconds))
        published = Array(repeating: 0, count: catalog.channels.count)
        conflationRules = ConflationRules(catalog)
    }

    // MARK: Listeners come and go

    /// A shard's first listeners of some channels of a project. From any thread.
    ///
    /// Calls `shard.settle` when the relay has confirmed and the log's end is known: then streams can resume. Calls
    /// `shard.open` if that takes longer than a client would wait: then streams that begin with what comes next open all the
    /// same, and hear of the hole when it is over.
    ///
    /// - Parameter place: where the shard has the project.
    func retain(_ project: ProjectID, _ channels: ChannelSet, shard: Shard, place: Int) {
        relay.eventLoop.perform { [self] in
            let route =
                projects[project]
                ?? ProjectRoute(project, shards: shards.count, channels: catalog.channels.count, intake: self)
            projects[project] = route
            route.listeners[shard.index].channels.formUnion(channels)
            route.listeners[shard.index].place = place
            let confirmation = subscribe(to: channels.indices.flatMap { topics(of: $0, in: route) })
            join(channels, of: route, for: shard, when: confirmation)
        }
    }

    private func join(
        _ channels: ChannelSet, of route: ProjectRoute, for shard: Shard, when confirmation: EventLoopFuture<Void>
    ) {
        let project = route.id
        let numbers = channels.indices.map { ($0, subscriptionNumber(of: $0, in: project)) }
        let patience = TimeAmount.milliseconds(Int64(configuration.subscribeTimeoutMilliseconds))
        let timeout = relay.eventLoop.assumeIsolated().scheduleTask(in: patience) {
            shard.eventLoop.perform { shard.open(project, channels, willTell: false) }
        }
        let joinPresent = {
            // Of a channel that was left in the meantime, somebody else's subscription counts, or none.
            let present = numbers.filter { self.subscriptionNumber(of: $0.0, in: project) == $0.1 }
            route.sequencer.join(present.reduce(into: []) { $0.insert(ChannelSet(index: $1.0)) })
        }
        confirmation.assumeIsolated().whenComplete { result in
            switch result {
            case .failure(RelayError.refused(let cause)):
                // It will not be better later: what the log has is all that these streams get.
                self.logger.debug("a subscription is refused", metadata: ["cause": "\(cause)"])
                fallthrough
            case .success:
                route.afterSettling.append { timeout.cancel() }
                joinPresent()
            case .failure(let error):
                timeout.cancel()
                self.logger.debug("streams open without their subscription", metadata: ["error": "\(error)"])
                shard.eventLoop.perform { shard.open(project, channels, willTell: true) }
                // The next connection has come before the word of the last one, and has the topics.
                if self.relay.status.isConnected { joinPresent() }
            }
        }
    }

    /// What is listened to, but for what the relay has yet to confirm: that is joined when it has.
    private func confirmedChannels(of project: ProjectRoute) -> ChannelSet {
        project.allChannels.indices.reduce(into: []) { set, index in
            let topic = Topic(channel: catalog.channels[index], project: project.id)
            if pending[topic] == nil { set.insert(ChannelSet(index: index)) }
        }
    }

    private func subscriptionNumber(of channel: Int, in project: ProjectID) -> UInt64? {
        subscriptionNumbers[Topic(channel: catalog.channels[channel], project: project)]
    }

    /// A shard has seen the log begin anew, or end. From any thread.
    func refresh(_ project: ProjectID) {
        relay.eventLoop.perform { [self] in projects[project]?.sequencer.refresh() }
    }

    func makeSequencer(for route: ProjectRoute) -> Sequencer {
        var limits = Sequencer.Limits()
        limits.heldBytes = configuration.tailBytes
        limits.heldEvents = configuration.tailEvents
        return Sequencer(route, catalog: catalog, log: log, relay: relay, limits: limits, output: self)
    }

    /// A shard's last listeners of some channels of a project have gone. From any thread.
    func release(_ project: ProjectID, _ channels: ChannelSet, shard: Shard) {
        relay.eventLoop.perform { [self] in
            guard let route = projects[project] else { return }
            route.listeners[shard.index].channels.subtract(channels)
            let now = milliseconds
            for topic in channels.indices.flatMap({ topics(of: $0, in: route) }) {
                multiplexer.release(topic, now: now)
            }
            scheduleExpiry()
        }
    }

    /// All topics on which events of a channel arrive: by its name and its aliases, in the project and as a broadcast.
    private func topics(of channel: Int, in project: ProjectRoute) -> [Topic] {
        catalog.names(of: channel).flatMap { name in
            let own = Topic(channel: name, project: project.id)
            let broadcast = Topic(channel: name, project: nil)
            if routes[own] == nil {
                routes[own] = Route(topic: own, channel: channel, project: project)
                project.routeCount += 1
            }
            if routes[broadcast] == nil { routes[broadcast] = Route(topic: broadcast, channel: channel, project: nil) }
            return [own, broadcast]
        }
    }

    /// Succeeds when the relay has confirmed every topic; fails when it can't.
    private func subscribe(to topics: [Topic]) -> EventLoopFuture<Void> {
        let new = topics.filter { multiplexer.retain($0) == .subscribe }
        var confirmations = topics.compactMap { pending[$0] }
        if !new.isEmpty {
            let confirmation = relay.subscribe(to: new)
            subscriptionCount += 1
            for topic in new {
                pending[topic] = confirmation
                subscriptionNumbers[topic] = subscriptionCount
            }
            confirmation.assumeIsolated().whenComplete { _ in
                for topic in new where self.pending[topic] === confirmation { self.pending[topic] = nil }
            }
            // Kept here as well: one that has failed already is not pending, and no confirmation either.
            confirmations.append(confirmation)
        }
        return EventLoopFuture.andAllSucceed(confirmations, on: relay.eventLoop)
    }

    private func scheduleExpiry() {
        guard expiry == nil, multiplexer.isLingering else { return }
        // Once a second is often enough for a linger of a minute.
        expiry = relay.eventLoop.scheduleTask(in: .milliseconds(Int64(min(1_000, configuration.lingerMilliseconds)))) {
            self.expiry = nil
            self.unsubscribeExpired()
            self.scheduleExpiry()
        }
    }

    private func unsubscribeExpired() {
        let expired = multiplexer.expire(now: milliseconds)
        guard !expired.isEmpty else { return }
        lastRoute = nil
        defer { relay.unsubscribe(from: expired) }
        for topic in expired {
            subscriptionNumbers[topic] = nil
            pending[topic] = nil
            guard let route = routes.removeValue(forKey: topic), let project = route.project else { continue }
            // A channel's names come and go together.
            if topic.channel == catalog.channels[route.channel] {
                project.sequencer.leave(ChannelSet(index: route.channel))
            }
            project.routeCount -= 1
            guard project.routeCount == 0 else { continue }
            let id = project.id
            projects[id] = nil
            for shard in shards { shard.eventLoop.perform { shard.forget(id) } }
        }
    }

    private var milliseconds: UInt64 { relay.eventLoop.now.uptimeNanoseconds / 1_000_000 }

    // MARK: Events

    func relayReceived(_ payload: UnsafeRawBufferPointer, on topic: Topic) {
        receivedTotal += 1
        measurements.receivedBytes += UInt64(payload.count)
        guard let route = lastRoute?.topic == topic ? lastRoute : routes[topic] else {
            return measurements.noteDropped(.noListener)
        }
        lastRoute = route
        let limit = configuration.maximumEnvelopeBytes
        guard payload.count <= limit + Envelope.maximumPlacementBytes else {
            return relayRejected(.tooLarge, on: topic)
        }
        let envelope: Envelope
        do throws(Envelope.Rejection) {
            envelope = try Envelope.scan(payload)
            // What is above the limit can only be the log's own words.
            if payload.count > limit, envelope.placement == nil { throw Envelope.Rejection.tooLarge }
        } catch {
            return relayRejected(error, on: topic)
        }
        published[route.channel] += 1
        measurements.noteCommitted(envelope)
        if let project = route.project {
            countIgnoredID(of: envelope, on: route)
            project.published[route.channel] += 1
            project.sequencer.receive(envelope, payload, channel: route.channel)
        } else {
            if envelope.id != nil || envelope.hasUnusableID { countIgnoredID(on: topic) }
            for project in projects.values where project.hasListeners(of: route.channel) {
                project.published[route.channel] += 1
                project.sequencer.receiveBroadcast(envelope, payload, channel: route.channel)
            }
        }
    }

    func relayFinishedBatch() { flush() }

    func relayHeard(_ message: ByteBuffer) {
        guard let message = NodeMessage(message) else { return rejections.count("node_message", source: "control") }
        heard(message)
    }

    func relayRejected(_ reason: Envelope.Rejection, on topic: Topic) {
        rejections.count(reason.rawValue, source: topic.name)
    }

    func relayDisconnected() {
        logger.warning("the relay is gone; streams stay open, what is published without an id is lost until it is back")
        for project in projects.values { project.sequencer.suspend() }
    }

    func relayReconnected() {
        logger.notice("the relay is back; the log is read, and streams are told of what it cannot have")
        for shard in shards {
            shard.eventLoop.perform {
                shard.tellGap(.relayReconnected)
                // Who came and went meanwhile was not heard.
                shard.renewPresence()
            }
        }
        for project in projects.values { project.sequencer.resynchronize(confirmedChannels(of: project)) }
    }

    // MARK: Figures

    /// How far a project's log has been heard, and of which channels. From any thread.
    func timeline(of project: ProjectID) async -> (position: LogPosition, known: ChannelSet)? {
        let heard = try? await relay.eventLoop.submit { [self] in
            projects[project].map { ($0.sequencer.timeline.position, $0.sequencer.timeline.known) }
        }.get()
        return heard.flatMap { $0 }.map { (position: $0.0, known: $0.1) }
    }

    struct Figures: Sendable {
        let receivedTotal: UInt64
        let published: [UInt64]
        /// That it listens to, the linger's time included.
        let projects: Int
        let measurements: IntakeMeasurements
    }

    func figures(project: ProjectID?) -> Figures {
        let narrowed = project.map { projects[$0]?.published ?? Array(repeating: 0, count: published.count) }
        return Figures(
            receivedTotal: receivedTotal, published: narrowed ?? published, projects: projects.count,
            measurements: measurements
        )
    }
}
