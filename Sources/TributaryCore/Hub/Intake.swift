import Logging
import NIOCore
import TributaryProtocol

/// Where events enter the node: scans each message once, encodes its frame once, and hands the segments of a batch to the
/// event loops that have listeners.
///
/// `@unchecked Sendable`: the relay's event loop owns all mutable state.
final class Intake: RelayReceiver, @unchecked Sendable {
    private let relay: any Relay
    private let catalog: Catalog
    private let configuration: HubConfiguration
    private let rejections: RejectionCounter
    private let logger: Logger

    private var multiplexer: Multiplexer
    private var expiry: Scheduled<Void>?
    /// Subscriptions that the relay has not confirmed yet.
    private var pending: [Topic: EventLoopFuture<Void>] = [:]
    private var projects: [ProjectID: ProjectRoute] = [:]
    /// Where messages of a topic go; kept as long as the node is subscribed.
    private var routes: [Topic: Route] = [:]
    private var lastRoute: Route?
    /// Projects that this batch has frames for.
    private var touched: [ProjectRoute] = []
    private var receivedTotal: UInt64 = 0
    private var published: [UInt64]
    /// Written once by ``Hub`` before anything is received.
    var shards: [Shard] = []

    init(
        relay: any Relay, catalog: Catalog, configuration: HubConfiguration, rejections: RejectionCounter,
        logger: Logger
    ) {
        self.relay = relay
        self.catalog = catalog
        self.configuration = configuration
        self.rejections = rejections
        self.logger = logger
        multiplexer = Multiplexer(linger: UInt64(configuration.lingerMilliseconds))
        published = Array(repeating: 0, count: catalog.channels.count)
    }

    // MARK: Listeners come and go

    /// A shard's first listeners of some channels of a project. From any thread.
    ///
    /// Calls `shard.confirm` when the relay has confirmed, or can't for now: then streams open all the same, and hear of the
    /// hole when it is back.
    func retain(_ project: ProjectID, _ channels: ChannelSet, shard: Shard) {
        relay.eventLoop.perform { [self] in
            let route =
                projects[project] ?? ProjectRoute(project, shards: shards.count, channels: catalog.channels.count)
            projects[project] = route
            route.channelsByShard[shard.index].formUnion(channels)
            let confirmation = subscribe(to: channels.indices.flatMap { topics(of: $0, in: route) })
            open(route, channels, on: shard, when: confirmation)
        }
    }

    /// Lets the shard's streams begin with the confirmation, or without it when a client would not wait longer. One that
    /// comes late brings a gap: what was published between the streams' beginning and the confirmation is lost.
    private func open(
        _ route: ProjectRoute, _ channels: ChannelSet, on shard: Shard, when confirmation: EventLoopFuture<Void>
    ) {
        let project = route.id
        var isOpen = false
        let open = {
            isOpen = true
            let latest = route.latest
            shard.eventLoop.perform { shard.confirm(project, channels, latest: latest) }
        }
        let patience = TimeAmount.milliseconds(Int64(configuration.subscribeTimeoutMilliseconds))
        let timeout = relay.eventLoop.assumeIsolated().scheduleTask(in: patience) { open() }
        confirmation.assumeIsolated().whenComplete { result in
            timeout.cancel()
            if case .failure(let error) = result {
                self.logger.debug("streams open without their subscription", metadata: ["error": "\(error)"])
            }
            if !isOpen {
                open()
            } else if case .success = result {
                shard.eventLoop.perform { shard.tellGap(.relayReconnected, project: project) }
            }
        }
    }

    /// A shard's last listeners of some channels of a project have gone. From any thread.
    func release(_ project: ProjectID, _ channels: ChannelSet, shard: Shard) {
        relay.eventLoop.perform { [self] in
            guard let route = projects[project] else { return }
            route.channelsByShard[shard.index].subtract(channels)
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
        if !new.isEmpty {
            let confirmation = relay.subscribe(to: new)
            for topic in new { pending[topic] = confirmation }
            confirmation.whenComplete { _ in for topic in new { self.pending[topic] = nil } }
        }
        return EventLoopFuture.andAllSucceed(topics.compactMap { pending[$0] }, on: relay.eventLoop)
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
        relay.unsubscribe(from: expired)
        lastRoute = nil
        for topic in expired {
            guard let project = routes.removeValue(forKey: topic)?.project else { continue }
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
        guard let route = lastRoute?.topic == topic ? lastRoute : routes[topic] else { return }
        lastRoute = route
        guard payload.count <= configuration.maximumEnvelopeBytes else { return relayRejected(.tooLarge, on: topic) }
        let envelope: Envelope
        do {
            envelope = try Envelope.scan(payload)
        } catch {
            return relayRejected(error, on: topic)
        }
        published[route.channel] += 1
        let data = UnsafeRawBufferPointer(rebasing: payload[envelope.data])
        if let project = route.project {
            append(envelope, data, id: usableID(of: envelope, on: route), to: project, channel: route.channel)
        } else {
            if envelope.id != nil || envelope.hasUnusableID { countIgnoredID(on: topic) }
            for project in projects.values where project.hasListeners(of: route.channel) {
                append(envelope, data, id: nil, to: project, channel: route.channel)
            }
        }
    }

    private func append(
        _ envelope: Envelope, _ data: UnsafeRawBufferPointer, id: EventID?, to project: ProjectRoute, channel: Int
    ) {
        project.published[channel] += 1
        project.latest = .max(project.latest, id)
        guard project.hasListeners(of: channel) else { return }
        if !project.isTouched {
            project.isTouched = true
            touched.append(project)
        }
        let audience: Audience = envelope.recipient.map { .user($0, channel: channel) } ?? .channel(channel)
        project.builder.append(for: audience) { buffer in
            ServerSentEventEncoder.encode(
                event: envelope.event, data: data, id: id, retry: envelope.retry, into: &buffer
            )
        }
    }

    /// The id, if the event may have one: an ephemeral event's would move the cursor of browsers past what they missed.
    private func usableID(of envelope: Envelope, on route: Route) -> EventID? {
        guard envelope.id != nil || envelope.hasUnusableID else { return nil }
        if let id = envelope.id, catalog.isDurable(envelope.event, in: route.channel) { return id }
        countIgnoredID(on: route.topic)
        return nil
    }

    private func countIgnoredID(on topic: Topic) { rejections.count("ignored_id", source: topic.name) }

    func relayFinishedBatch() {
        guard !touched.isEmpty else { return }
        let projects = touched
        touched = []
        var batches = [[(project: ProjectID, segments: [Segment], latest: EventID?)]](
            repeating: [], count: shards.count)
        for project in projects {
            project.isTouched = false
            let segments = project.builder.seal()
            let channels = segments.reduce(into: ChannelSet()) { $0.formUnion($1.channels) }
            for shard in shards.indices where !project.channelsByShard[shard].isDisjoint(with: channels) {
                batches[shard].append((project.id, segments, project.latest))
            }
        }
        for (shard, batch) in zip(shards, batches) where !batch.isEmpty {
            shard.eventLoop.perform { shard.append(batch) }
        }
    }

    func relayRejected(_ reason: Envelope.Rejection, on topic: Topic) {
        rejections.count(reason.rawValue, source: topic.name)
    }

    func relayDisconnected() {
        logger.warning("the relay is gone; streams stay open, events are lost until it is back")
    }

    func relayReconnected() {
        logger.notice("the relay is back; streams are told of the gap")
        for shard in shards { shard.eventLoop.perform { shard.tellGap(.relayReconnected) } }
    }

    // MARK: Figures

    struct Figures: Sendable {
        let receivedTotal: UInt64
        let published: [UInt64]
    }

    func figures(project: ProjectID?) -> Figures {
        let narrowed = project.map { projects[$0]?.published ?? Array(repeating: 0, count: published.count) }
        return Figures(receivedTotal: receivedTotal, published: narrowed ?? published)
    }
}
