import NIOCore
import TributaryProtocol

/// The streams of one project on one event loop, their tail and their figures. Lives on its shard's event loop.
final class ProjectStreams {
    let project: ProjectID
    /// Where the shard has it in its ``ProjectTable``.
    let place: Int
    unowned let shard: Shard
    private(set) var map = SubscriptionMap()
    private(set) var tail: Tail
    private(set) var counters = StreamCounters()
    /// The highest id that the node has seen.
    var latest: EventID?
    /// The log that ``position`` is in; 0 while none is known.
    private(set) var epoch: UInt64 = 0
    /// How far the log has been read: what stands behind this place will come through the tail.
    private(set) var position = LogPosition.start
    /// Another one whenever the relay confirmed channels or something was lost: the log may have marked what it did not hear.
    private(set) var generation = 0
    /// The highest id that streams were told to be trimmed. Who begins below it was not there to hear it.
    private var trimmed: UInt64 = 0
    /// Channels whose streams may begin with what comes next, though not all of it may come.
    private var opened: ChannelSet = []
    /// Channels that the relay has confirmed, and of which everything up to ``position`` is known.
    private var settled: ChannelSet = []
    private var opening: [StreamSession] = []
    /// Streams that have begun though not all of their channels are settled.
    private var early: [StreamSession] = []
    /// Streams with channels that wait to be added.
    private var changing: [StreamSession] = []
    /// Streams that are not at the tail's end.
    private var behindCount = 0
    /// Streams that came from a node that had heard more than this one.
    private var ahead: [StreamSession] = []
    /// What the shard has heard of the tail.
    private var notedTailBytes = 0
    /// Streams that wait to be told who is there.
    private var awaitingPresence: [StreamSession] = []

    init(_ project: ProjectID, place: Int, shard: Shard) {
        self.project = project
        self.place = place
        self.shard = shard
        tail = Tail(byteLimit: shard.configuration.tailBytes, frameLimit: shard.configuration.tailEvents)
    }

    // MARK: Streams come and go

    /// Adds a stream, which begins when all its channels are known.
    ///
    /// - Parameter begins: false for one that will be closed at once.
    /// - Returns: the channels to ask the relay for.
    func add(_ session: StreamSession, begins: Bool = true) -> ChannelSet {
        counters.opened += 1
        shard.totals.noteOpened(session.wanted)
        session.wantsPresence = shard.presenceChannel.map { session.channels.contains($0) } ?? false
        let first = map.insert(session)
        session.lastWrite = shard.tick
        shard.scheduleLook(at: session)
        guard begins else { return first }
        if session.channels.isSubset(of: settled) { begin(session) } else { opening.append(session) }
        if !opened.isEmpty { open([], willTell: false) }
        return first
    }

    /// Streams of these channels that begin with what comes next do so now, and get it later. Those that resume wait: what they
    /// missed can only be read when it is known where the live events begin.
    ///
    /// - Parameter willTell: whether the relay is away, and all streams will be told when it is back.
    func open(_ channels: ChannelSet, willTell: Bool) {
        opened.formUnion(channels.intersection(map.channels).subtracting(settled))
        for session in takeOpening(where: mayBegin) {
            guard !session.channels.isSubset(of: settled) else {
                begin(session)
                continue
            }
            session.beginEarly(with: firstFrame(of: session), willBeTold: willTell)
            early.append(session)
        }
    }

    /// All that the log has of these channels up to `position` has been passed on.
    func settle(_ channels: ChannelSet, epoch: UInt64, position known: LogPosition, latest seen: EventID?) {
        generation += 1
        latest = .max(latest, seen)
        self.epoch = epoch
        position = max(position, known)
        settled.formUnion(channels.intersection(map.channels))
        opened.subtract(settled)
        wakeSettled()
        let waiting = changing
        changing = []
        for session in waiting {
            session.isListedForSettling = false
            session.applyChanges()
            if !session.additions.isEmpty { listForSettling(session) }
        }
    }

    /// Streams that waited for channels that are settled now go on.
    private func wakeSettled() {
        let ready = early.filter { $0.channels.isSubset(of: settled) }
        early.removeAll { $0.channels.isSubset(of: settled) }
        for session in ready { session.settle() }
        for session in takeOpening(where: { $0.channels.isSubset(of: settled) }) { begin(session) }
    }

    private func mayBegin(_ session: StreamSession) -> Bool {
        if session.channels.isSubset(of: settled) { return true }
        if case .after = session.cursor { return false }
        return session.channels.isSubset(of: settled.union(opened))
    }

    private func takeOpening(where isReady: (StreamSession) -> Bool) -> [StreamSession] {
        let ready = opening.filter(isReady)
        if !ready.isEmpty { opening.removeAll(where: isReady) }
        return ready
    }

    private func begin(_ session: StreamSession) {
        if case .after(let id) = session.cursor, !session.channels.isEmpty {
            session.replay(after: id)
        } else {
            session.begin(with: firstFrame(of: session))
            sessionIsLive(session)
        }
    }

    /// Of a stream that begins with what comes next.
    private func firstFrame(of session: StreamSession) -> ByteBuffer {
        guard session.cursor == .unreadable else {
            var first = shard.frames.connected(session, latest: newest, recovered: true)
            if let gap = gapOfTrimmed(session.channels) { first.writeImmutableBuffer(gap) }
            return first
        }
        shard.measurements.noteReplay(.unreadable, events: 0)
        var first = shard.frames.connected(session, latest: newest, recovered: false)
        first.writeImmutableBuffer(gapFrame(session.channels, .cursorNotFound))
        return first
    }

    /// What was trimmed before a stream that begins here could hear of it.
    func gapOfTrimmed(_ channels: ChannelSet) -> ByteBuffer? {
        guard trimmed > position.high else { return nil }
        return gapFrame(channels, .logTrimmed, missing: MissingIDs(from: position.high + 1, to: trimmed))
    }

    /// The newest id that anybody can have got by now.
    var newest: EventID? { .max(latest, EventID(position.high)) }

    /// Takes a closed stream out.
    ///
    /// - Parameter last: how far in the log it had come; `nil` if it had not begun.
    func remove(
        _ session: StreamSession, reason: StreamCloseReason, wasBehind: Bool, wasOpening: Bool, at last: LogPosition?
    ) {
        if wasOpening { opening.removeAll { $0 === session } }
        if session.wantsPresence, !awaitingPresence.isEmpty { awaitingPresence.removeAll { $0 === session } }
        if wasBehind, !early.isEmpty { early.removeAll { $0 === session } }
        if session.isListedForSettling { changing.removeAll { $0 === session } }
        counters.closed[reason, default: 0] += 1
        shard.totals.noteClosed(session.wanted, reason)
        let released = map.remove(session)
        settled.subtract(released)
        opened.subtract(released)
        if wasBehind { leaveBehind(session) }
        shard.sessionClosed(session, released: released, reason: reason, at: last)
    }

    // MARK: Streams change their channels

    /// Takes channels from a stream.
    func narrow(_ session: StreamSession, by removed: ChannelSet) {
        map.move(session, to: session.channels.subtracting(removed))
        let last = map.release(removed)
        shard.totals.noteListeners(of: removed, -1)
        settled.subtract(last)
        opened.subtract(last)
        if !last.isEmpty { shard.release(last, of: project) }
        // It may have waited for just these.
        wakeSettled()
        if !opened.isEmpty { open([], willTell: false) }
    }

    /// A stream waits for channels.
    func retain(_ channels: ChannelSet) {
        let first = map.retain(channels)
        shard.totals.noteListeners(of: channels, 1)
        if !first.isEmpty { shard.retain(first, of: self) }
    }

    func move(_ session: StreamSession, to channels: ChannelSet) {
        if let presence = shard.presenceChannel, channels.subtracting(session.channels).contains(presence) {
            session.wantsPresence = true
        }
        map.move(session, to: channels)
    }

    /// All that the log has of these channels up to ``position`` has been passed on.
    func isSettled(_ channels: ChannelSet) -> Bool { channels.isSubset(of: settled) }

    /// Looks after the stream when channels are settled.
    func listForSettling(_ session: StreamSession) {
        guard !session.isListedForSettling else { return }
        session.isListedForSettling = true
        changing.append(session)
    }

    // MARK: Events

    /// Passes on what arrived in one relay batch: one write and one flush for each stream that is at the end.
    func append(_ batch: Batch) {
        latest = .max(latest, batch.latest)
        let before = position
        epoch = batch.epoch
        position = max(position, batch.position)
        append(batch.segments, after: before)
    }

    private func append(_ segments: [Segment], after before: LogPosition) {
        let end = tail.end + segments.count
        // Looked up once: each look at the shard keeps it alive for as long.
        let shard = shard
        let tick = shard.tick
        let recipients = segments.reduce(into: Set<UserID>()) { $0.formUnion($1.recipients) }
        for group in map.groups {
            var selection = Selection()
            for segment in segments { selection.add(segment, channels: group.channels, user: nil) }
            guard !selection.isEmpty else { continue }
            var taken = 0
            // How many of them the latency has been noted for.
            var timed = 0
            for session in group.sessions
            where session.state == .live && (recipients.isEmpty || !recipients.contains(session.user)) {
                guard session.deliver(selection, end: end, tick: tick) else { continue }
                taken += 1
                guard taken - timed == Self.timedTogether else { continue }
                shard.noteWritten(selection, times: Self.timedTogether)
                timed = taken
            }
            shard.noteWritten(selection, times: taken - timed)
            count(selection.deliveries, times: taken, on: shard)
        }
        for user in recipients {
            for session in map.sessions(of: user) where session.state == .live {
                var selection = Selection()
                for segment in segments { selection.add(segment, channels: session.channels, user: user) }
                guard !selection.isEmpty, session.deliver(selection, end: end, tick: tick) else { continue }
                shard.noteWritten(selection, times: 1)
                count(selection.deliveries, on: shard)
            }
        }
        // Streams that fell behind just now were handed all of it; only those that were behind before will read it here.
        tail.append(segments, isNeeded: behindCount > 0, log: before)
        noteTail()
        guard !ahead.isEmpty else { return }
        let sessions = ahead
        ahead = []
        for session in sessions { session.readTail() }
    }

    /// The stream waits for its node to hear what the stream has been given already.
    func sessionIsAhead(_ session: StreamSession) { ahead.append(session) }

    /// Tells streams that something of their channels was lost on the way to this node.
    ///
    /// - Parameter missing: the durable events that may be gone; `nil` if only those without ids are.
    func tellGap(_ reason: GapReason, missing: MissingIDs? = nil) {
        generation += 1
        if reason == .logTrimmed { trimmed = max(trimmed, missing?.to ?? 0) }
        var builder = SegmentBuilder()
        for group in map.groups where !group.channels.isEmpty {
            shard.measurements.noteGap(reason, streams: group.sessions.count)
            let frame = shard.frames.gap(project, group.channels, reason, missing: missing)
            builder.append(for: .streams(group.channels), missing: missing) { $0.writeImmutableBuffer(frame) }
        }
        append(builder.seal(), after: position)
    }

    /// The log began anew: places in the old one mean nothing in it, so the tail holds none of both. Streams that are behind
    /// read the new log from its beginning.
    func begin(epoch new: UInt64) {
        generation += 1
        epoch = new
        position = .start
        latest = nil
        trimmed = 0
        tail.restart()
        noteTail()
    }

    /// For one stream.
    func gapFrame(
        _ channels: ChannelSet, _ reason: GapReason, missing: MissingIDs? = nil
    ) -> ByteBuffer {
        shard.measurements.noteGap(reason)
        return shard.frames.gap(project, channels, reason, missing: missing)
    }

    // MARK: Slow streams

    func sessionFellBehind(_ session: StreamSession) {
        behindCount += 1
        shard.slow[ObjectIdentifier(session)] = session
    }

    func sessionCaughtUp(_ session: StreamSession) {
        leaveBehind(session)
        sessionIsLive(session)
    }

    private func leaveBehind(_ session: StreamSession) {
        behindCount -= 1
        shard.slow[ObjectIdentifier(session)] = nil
        guard behindCount == 0 else { return }
        tail.clear()
        noteTail()
    }

    // MARK: Presence

    /// The stream is at the tail's end: if it has yet to hear who is there, that is asked.
    func sessionIsLive(_ session: StreamSession) {
        guard session.wantsPresence, session.state == .live else { return }
        awaitingPresence.append(session)
        if awaitingPresence.count == 1 { shard.wantPresence(project) }
    }

    /// Tells the streams that asked who is there. One that has fallen behind meanwhile asks again when it has caught up.
    func tellPresence(_ frames: ByteBuffer) {
        let sessions = awaitingPresence
        awaitingPresence = []
        for session in sessions where session.state == .live && session.wantsPresence {
            session.wantsPresence = false
            session.send(frames)
        }
    }

    /// Every stream that listens to presence is to be told anew.
    func renewPresence() {
        guard let channel = shard.presenceChannel else { return }
        for group in map.groups where group.channels.contains(channel) {
            for session in group.sessions {
                session.wantsPresence = true
                sessionIsLive(session)
            }
        }
    }

    // MARK: Figures

    /// Counts what a socket has taken.
    func count(_ deliveries: [Delivery]) { count(deliveries, on: shard) }

    private func count(_ deliveries: [Delivery], times: Int = 1, on shard: Shard) {
        guard times > 0 else { return }
        for delivery in deliveries {
            counters.delivered.add(delivery, times: times)
            shard.totals.noteDelivered(delivery, times: times)
        }
    }

    /// 256 sockets, a millisecond or two of writing: so many have one time for the latency between them.
    private static let timedTogether = 256

    /// Tells the shard how much the tail holds now.
    private func noteTail() {
        let bytes = tail.byteCount
        // As a rule nobody is behind, and it holds nothing.
        guard bytes != notedTailBytes else { return }
        shard.totals.tailBytes += bytes - notedTailBytes
        notedTailBytes = bytes
    }
}

extension Optional where Wrapped == EventID {
    /// `max`, with `nil` below everything.
    static func max(_ left: EventID?, _ right: EventID?) -> EventID? {
        guard let left, let right else { return left ?? right }
        return Swift.max(left, right)
    }
}
