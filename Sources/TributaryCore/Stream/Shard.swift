import Logging
import NIOCore
import TributaryProtocol

/// The streams of one event loop.
///
/// `@unchecked Sendable`: its event loop owns all mutable state; every method is called there.
final class Shard: @unchecked Sendable {
    let index: Int
    let eventLoop: any EventLoop
    let configuration: HubConfiguration
    let frames: HubFrames
    let reader: LogReader
    /// Streams that open: the registry's answers to a thousand may come together.
    private let entrance: PacedWork
    /// Streams that ended.
    private let exit: PacedWork
    /// Streams that are not at their tail's end.
    var slow: [ObjectIdentifier: StreamSession] = [:]

    /// The time that credentials end by.
    let clock: () -> Instant
    /// Asks somebody again whether a stream may go on.
    var inquire: (StreamLease.Review, ChannelSet) -> EventLoopFuture<StreamLease.Renewal>

    private let intake: Intake
    private let registrar: Registrar
    private var sessions: [ConnectionID: StreamSession] = [:]
    private(set) var projects = ProjectTable()
    private var wheel = HeartbeatWheel()
    private var ticking: RepeatedTask?
    private(set) var openCount = 0
    var totals: ShardTotals
    var measurements = ShardMeasurements()
    var lag = LoopLag()
    /// One line for each stream that opens or closes.
    var streamLog: SampledLog
    /// The next look at how late the loop is.
    var lagTick: Scheduled<Void>?
    private var drainPromise: EventLoopPromise<Void>?

    init(
        index: Int, eventLoop: any EventLoop, configuration: HubConfiguration, frames: HubFrames, log: any EventLog,
        catalog: Catalog, intake: Intake, registrar: Registrar, logger: Logger = .silent,
        clock: @escaping () -> Instant = { .now }
    ) {
        self.index = index
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.frames = frames
        totals = ShardTotals(channels: frames.channelCount)
        presenceChannel = intake.presenceChannel.map { ChannelSet(index: $0) }
        entrance = PacedWork(eventLoop: eventLoop)
        exit = PacedWork(eventLoop: eventLoop)
        reader = LogReader(log: log, catalog: catalog, eventLoop: eventLoop)
        self.intake = intake
        self.registrar = registrar
        streamLog = SampledLog(logger, "streams")
        self.clock = clock
        inquire = { review, channels in eventLoop.makeFutureWithTask { await review.ask(channels) } }
    }

    /// The channel of presence, if the catalog has one.
    let presenceChannel: ChannelSet?

    /// The wheel's tick, of 250 ms.
    var tick: UInt32 { wheel.now }

    // MARK: Streams

    /// A stream has its place: who asked for it opens it, in its turn.
    func letIn(_ promise: EventLoopPromise<Void>) { entrance.perform { promise.succeed() } }

    func open(_ request: StreamRequest, sink: any StreamSink) -> StreamSession {
        startTicking()
        let stream =
            projects[request.project]
            ?? projects.add(request.project) { ProjectStreams(request.project, place: $0, shard: self) }
        openCount += 1
        let session = StreamSession(request, stream: stream, sink: sink)
        sessions[session.connection] = session
        session.term = term(of: request.lease)
        // Its credential may have ended on the way.
        let isOver = session.term?.isOver(now: clock()) ?? false
        noteOpened(session)
        let missing = stream.add(session, begins: !isOver)
        if !missing.isEmpty { retain(missing, of: stream) }
        // The server refuses streams while it drains; one that was on its way gets its last frame at once.
        if drainPromise != nil { close(session, .draining) }
        if isOver { close(session, .authExpired) }
        return session
    }

    /// The relay takes its time, or is away and will tell: streams of these channels that begin with what comes next open.
    func open(_ project: ProjectID, _ channels: ChannelSet, willTell: Bool) {
        projects[project]?.open(channels, willTell: willTell)
    }

    /// The relay has confirmed these channels, and all that the log has of them up to `position` has been passed on.
    func settle(
        _ project: ProjectID, _ channels: ChannelSet, epoch: UInt64, position: LogPosition, latest: EventID?
    ) {
        projects[project]?.settle(channels, epoch: epoch, position: position, latest: latest)
    }

    /// Streams come and go with the turns of the loop.
    func pace(_ turns: any LoopTurns) {
        entrance.turns = turns
        exit.turns = turns
    }

    /// Clears away what a stream leaves behind, in its turn.
    func clearAway(_ stream: @escaping () -> Void) { exit.perform(stream) }

    func sessionClosed(
        _ session: StreamSession, released: ChannelSet, reason: StreamCloseReason, at position: LogPosition?
    ) {
        openCount -= 1
        noteClosed(session, reason)
        sessions[session.connection] = nil
        registrar.closed(session.connection, reason: reason, position: position)
        wheel.remove(session)
        if !released.isEmpty { release(released, of: session.project) }
        guard openCount == 0 else { return }
        if drainPromise != nil { streamLog.tellLeftOut(isLast: true) }
        drainPromise?.succeed()
    }

    /// A project's first stream wants these channels.
    func retain(_ channels: ChannelSet, of stream: ProjectStreams) {
        intake.retain(stream.project, channels, shard: self, place: stream.place)
    }

    /// A project's last stream has let go of these channels.
    func release(_ channels: ChannelSet, of project: ProjectID) { intake.release(project, channels, shard: self) }

    /// Nobody has listened to the project for the linger's time.
    func forget(_ project: ProjectID) {
        guard let stream = projects[project], stream.map.count == 0 else { return }
        projects.remove(project)
    }

    // MARK: Events

    func append(_ batches: [Batch]) {
        for batch in batches { projects[place: batch.place]?.append(batch) }
    }

    /// Tells the streams of one project, or of all, that something was lost on the way to this node.
    ///
    /// - Parameters:
    ///   - missing: the durable events that may be gone; `nil` if only those without ids are.
    ///   - reset: the epoch of a log that began anew, so that places in the old one mean nothing.
    func tellGap(
        _ reason: GapReason, missing: MissingIDs? = nil, project: ProjectID? = nil,
        reset epoch: UInt64? = nil
    ) {
        for stream in projects.all where project == nil || stream.project == project {
            if let epoch { stream.begin(epoch: epoch) }
            stream.tellGap(reason, missing: missing)
        }
    }

    /// A stream has seen another log than the one that its node knows.
    func refresh(_ project: ProjectID) { intake.refresh(project) }

    // MARK: Presence

    /// Streams of the project want to know who is there.
    func wantPresence(_ project: ProjectID) { intake.snapshot(project, for: self) }

    /// Tells the streams that asked who is there.
    func tellPresence(_ project: ProjectID, _ frames: ByteBuffer) { projects[project]?.tellPresence(frames) }

    /// Who came and went was not heard for a while: every stream that wants to know is told anew.
    func renewPresence() {
        for stream in projects.all { stream.renewPresence() }
    }

    func renewPresence(of project: ProjectID) { projects[project]?.renewPresence() }

    // MARK: Time

    /// Looks at the stream again when its heartbeat, or its term, may be due.
    ///
    /// - Parameter reference: when it last heard of the hub; `nil` is its last write.
    func scheduleLook(at session: StreamSession, after reference: UInt32? = nil) {
        let heartbeat = session.heartbeat.deadline(after: reference ?? session.lastWrite)
        let term = session.term?.nextLook(now: clock(), tick: tick)
        wheel.remove(session)
        wheel.schedule(session, at: min(heartbeat, term ?? heartbeat))
    }

    private func startTicking() {
        guard ticking == nil else { return }
        let interval = TimeAmount.milliseconds(Int64(HeartbeatWheel.tickMilliseconds))
        ticking = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] task in
            guard let self else { return task.cancel() }
            self.advance()
        }
    }

    private func advance() {
        streamLog.tellLeftOut()
        let due = wheel.advance()
        if !due.isEmpty {
            // Built once per tick: the event form differs only in its timestamp.
            let comment = frames.heartbeat(isEvent: false)
            lazy var event = frames.heartbeat(isEvent: true)
            for session in due where keepsTerm(session) {
                let isSilent = tick &- session.lastWrite >= session.heartbeat.ticks - session.heartbeat.ticks / 10
                if isSilent, session.state == .live {
                    session.send(session.heartbeat.isEvent ? event : comment)
                } else if isSilent, session.isWaiting {
                    // Before `connected`, it gets what is no event.
                    session.sendWhileWaiting(session.hasBegun && session.heartbeat.isEvent ? event : comment)
                }
                // That write may have found the connection dead.
                guard session.state != .closed else { continue }
                // A stream that still reads gets none; it is looked at again after one heartbeat's time.
                scheduleLook(at: session, after: session.state == .live || session.isWaiting ? nil : tick)
            }
        }
        if !slow.isEmpty, tick.isMultiple(of: UInt32(1_000 / HeartbeatWheel.tickMilliseconds)) { closeStuckStreams() }
        if openCount == 0, slow.isEmpty, projects.all.isEmpty {
            streamLog.tellLeftOut(isLast: true)
            ticking?.cancel()
            ticking = nil
        }
    }

    private func closeStuckStreams() {
        let limit = UInt32(configuration.slowConsumerMilliseconds / HeartbeatWheel.tickMilliseconds)
        for session in Array(slow.values) where session.isStuck(for: limit, now: tick) {
            close(session, .slowConsumer)
        }
    }

    /// Says why, and ends a stream.
    func close(_ session: StreamSession, _ reason: StreamCloseReason) {
        let retry = Int.random(in: reason.retryRange)
        session.close(reason, with: frames.serverClose(reason, reconnect: reason.reconnects, retryMilliseconds: retry))
    }

    // MARK: Single streams

    /// `nil` also for one that ended and has yet to be cleared away.
    func session(_ id: ConnectionID) -> StreamSession? { sessions[id].flatMap { $0.state == .closed ? nil : $0 } }

    /// Says why, and ends a stream, if it is still open.
    func close(_ id: ConnectionID, _ reason: StreamCloseReason) {
        if let session = session(id) { return close(session, reason) }
        // It may have been let in, and not opened yet.
        entrance.perform { if let session = self.session(id) { self.close(session, reason) } }
    }

    /// Changes a stream's channels, as ``StreamSession/change(_:)``; `nil` if it is not open any more.
    func change(_ id: ConnectionID, _ change: ChannelChange) -> ChannelSet? {
        guard let session = session(id) else { return nil }
        let channels = session.change(change)
        registrar.changed(id, channels: channels)
        return channels
    }

    func view(of id: ConnectionID) -> StreamView? { session(id)?.view }

    func views(of user: UserID, in project: ProjectID) -> [StreamView] {
        let sessions = projects[project]?.map.sessions(of: user) ?? []
        return sessions.filter { $0.state != .closed }.map(\.view)
    }

    // MARK: Drain

    /// Closes every stream, evenly spread over `duration`; the future succeeds when none is left.
    func drain(over duration: TimeAmount) -> EventLoopFuture<Void> {
        let promise = drainPromise ?? eventLoop.makePromise()
        drainPromise = promise
        let sessions = projects.all.flatMap { stream in stream.map.groups.flatMap(\.sessions) }
        for (index, session) in sessions.enumerated() {
            let delay = duration.nanoseconds / Int64(sessions.count) * Int64(index)
            eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay)) { self.close(session, .draining) }
        }
        if openCount == 0 { promise.succeed() }
        return promise.futureResult
    }
}
