import Logging
import NIOCore
import NIOConcurrencyHelpers
import ServiceLifecycle
import TributaryProtocol

/// A hub node: events come in from the relay and go out to the streams that listen.
///
/// The parts that hold state live on event loops (``Shard``, ``Intake``); this is their front. From any thread, unless said
/// otherwise.
public final class Hub: Service {
    public let catalog: Catalog
    public let configuration: HubConfiguration
    public let relay: any Relay
    public let log: any EventLog
    public var coordination: any Coordination { measuredCoordination }

    /// The relay and the log, where neither has to be waited for.
    private let immediate: (relay: any ImmediateRelay, log: any ImmediateEventLog)?
    let measuredCoordination: MeasuredCoordination
    let intake: Intake
    let shards: [Shard]
    let registrar: Registrar
    let typing: Typing
    let rejections: RejectionCounter
    let started = NIODeadline.now()
    private let drainEnd = NIOLockedValueBox<NIODeadline?>(nil)

    /// - Parameters:
    ///   - eventLoops: the loops that streams live on; each gets a shard.
    public init(
        configuration: HubConfiguration,
        catalog: Catalog,
        relay: any Relay,
        log: any EventLog,
        coordination: any Coordination,
        eventLoops: [any EventLoop],
        logger: Logger
    ) {
        self.configuration = configuration
        self.catalog = catalog
        self.relay = relay
        self.log = log
        if let relay = relay as? any ImmediateRelay, let log = log as? any ImmediateEventLog {
            immediate = (relay, log)
        } else {
            immediate = nil
        }
        let coordination = MeasuredCoordination(coordination)
        measuredCoordination = coordination
        let rejections = RejectionCounter(logger: logger)
        let frames = HubFrames(
            node: configuration.node, catalog: catalog, retryMilliseconds: configuration.retryMilliseconds
        )
        let intake = Intake(
            relay: relay, log: log, catalog: catalog, configuration: configuration, frames: frames,
            rejections: rejections, logger: logger, members: { coordination.members(of: $0) }
        )
        // Away from the relay, if there is more than one loop: what it does is not urgent.
        let registrar = Registrar(
            coordination: coordination, relay: relay, configuration: configuration, catalog: catalog,
            eventLoop: eventLoops.last ?? relay.eventLoop, logger: logger
        )
        let shards = eventLoops.enumerated().map { index, loop in
            Shard(
                index: index, eventLoop: loop, configuration: configuration, frames: frames, log: log,
                catalog: catalog, intake: intake, registrar: registrar, logger: logger
            )
        }
        intake.shards = shards
        intake.heard = { registrar.heard($0) }
        registrar.shards = shards
        registrar.timeline = { await intake.timeline(of: $0) }
        relay.attach(intake)
        self.rejections = rejections
        self.intake = intake
        self.shards = shards
        self.registrar = registrar
        let typing = Typing(eventLoop: registrar.eventLoop, milliseconds: configuration.typingMilliseconds)
        registrar.typedElsewhere = { typing.stop($0) }
        self.typing = typing
        typing.expire = { [weak self] typist in
            // It is as ephemeral as any: a relay that is away does not get it later.
            Task { try? await self?.publishTyping(false, of: typist.owner, type: typist.type) }
        }
    }

    /// Runs the relay, the log and what the nodes share until the task is cancelled or the service group shuts down.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [relay] in try await relay.run() }
            group.addTask { [log] in try await log.run() }
            group.addTask { [coordination] in try await coordination.run() }
            for shard in shards { shard.eventLoop.perform { shard.startMeasuringLag() } }
            defer { for shard in shards { shard.eventLoop.perform { shard.stopMeasuringLag() } } }
            registrar.start { [weak self, loop = registrar.eventLoop] in
                // Nobody keeps the hub for its figures.
                let hub = self
                return loop.makeFutureWithTask { await hub?.figures() ?? ByteBuffer() }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Streams

    /// Opens a stream. On `eventLoop`, which is one of the hub's. The session writes its first frame, `connected`, when the
    /// relay has confirmed its channels: what is published after that frame reaches it.
    ///
    /// Ask ``admit(_:on:)`` first.
    public func open(_ request: StreamRequest, sink: any StreamSink, on eventLoop: any EventLoop) -> StreamSession {
        shard(on: eventLoop).open(request, sink: sink)
    }

    /// Lets what many ask for at once go with the turns of a loop: one of the hub's. From any thread.
    public func pace(_ turns: any LoopTurns, on eventLoop: any EventLoop) {
        let shard = shard(on: eventLoop)
        eventLoop.perform {
            shard.pace(turns)
            if self.registrar.eventLoop === eventLoop { self.registrar.pace(turns) }
        }
    }

    func shard(on eventLoop: any EventLoop) -> Shard {
        // A handful of loops at most: a search is quicker than a table.
        guard let shard = shards.first(where: { $0.eventLoop === eventLoop }) else {
            preconditionFailure("the event loop is not one of the hub's")
        }
        return shard
    }

    // MARK: Publishing

    /// Publishes an event to the streams of every node: a durable one through the log, which gives it its id. So goes every
    /// event while the log goes by another catalog than this node's, which may know better what is durable.
    ///
    /// The id of an event that the catalog calls ephemeral is ignored, and counted.
    /// - Throws: ``EventLogError`` or ``RelayError``; ``Envelope/Rejection`` for a reserved name or an envelope over the limit, or
    ///   ``UnknownChannel``. Nothing was published then.
    public func publish(_ event: Event) async throws -> PublishReceipt {
        switch try outgoing(event) {
        case .message(let payload, let topic):
            try await relay.publish(payload, to: topic)
            return PublishReceipt(id: nil, duplicate: false)
        case .logged(let event): return try await log.publish(event)
        }
    }

    /// Nobody has to be waited for to publish, as there is for Redis or a disk: ``publishNow(_:)`` does it.
    public var publishesAtOnce: Bool { immediate != nil }

    /// Publishes as ``publish(_:)`` does, before it returns.
    ///
    /// - Returns: `nil` without ``publishesAtOnce``; nothing has been done then.
    /// - Throws: as ``publish(_:)``.
    public func publishNow(_ event: Event) throws -> PublishReceipt? {
        guard let immediate else { return nil }
        switch try outgoing(event) {
        case .message(let payload, let topic):
            try immediate.relay.send(payload, to: topic)
            return PublishReceipt(id: nil, duplicate: false)
        case .logged(let event): return try immediate.log.place(event)
        }
    }

    /// What becomes of an event that is published.
    private enum Outgoing {
        /// It is neither kept nor told apart from its repetition: the relay is enough.
        case message(ByteBuffer, Topic)
        case logged(Event)
    }

    private func outgoing(_ event: Event) throws -> Outgoing {
        guard let channel = catalog.index(of: event.channel.name) else {
            throw UnknownChannel(name: event.channel.name)
        }
        guard !event.name.isReserved else { throw Envelope.Rejection.reservedEvent }
        var event = event
        // One name on the wire, whatever alias the publisher used.
        event.channel = catalog.channels[channel]
        let goesToLog = catalog.isDurable(event.name, in: channel) || log.status.hasOtherCatalog
        if event.id != nil, !goesToLog {
            rejections.count("ignored_id", source: event.topic.name)
            event.id = nil
        }
        let payload = Envelope.encode(event, timestamp: Instant.now.milliseconds)
        guard payload.readableBytes <= configuration.maximumEnvelopeBytes else { throw Envelope.Rejection.tooLarge }
        return goesToLog || event.clientMessageID != nil ? .logged(event) : .message(payload, event.topic)
    }

    /// Counts something refused before it reached the hub, for `relay.rejected_total`; logged at most once a second.
    ///
    /// - Parameter reason: one of a fixed set of codes, never text from outside.
    public func countRejection(_ reason: String) {
        rejections.count(reason, source: "http")
    }

    // MARK: Drain

    /// True once ``drain(over:)`` has been called.
    public var isDraining: Bool { drainEnd.withLockedValue { $0 != nil } }

    /// How long the drain is still to take; `nil` while there is none.
    var drainRemaining: TimeAmount? {
        drainEnd.withLockedValue { $0 }.map { max(.zero, $0 - NIODeadline.now()) }
    }

    /// Ends all streams with `server_close` `draining`, spread over `duration`; returns when none is left.
    public func drain(over duration: TimeAmount) async {
        drainEnd.withLockedValue { $0 = NIODeadline.now() + duration }
        await withTaskGroup(of: Void.self) { group in
            for shard in shards {
                group.addTask { try? await shard.eventLoop.flatSubmit { shard.drain(over: duration) }.get() }
            }
        }
        // The others know at once that these streams and this node are gone.
        await registrar.finish()
    }
}
