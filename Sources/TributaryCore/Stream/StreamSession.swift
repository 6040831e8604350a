import NIOCore
import TributaryProtocol

/// One stream: a cursor into its project's tail and a set of channels. Nothing is queued for it.
///
/// While its socket takes everything it stands at the tail's end. When the socket does not, it keeps its position, and goes
/// on from there once `sinkDrained()` says so. Lives on its shard's event loop; so does every call.
public final class StreamSession {
    enum State: Equatable {
        /// Waiting for the relay's confirmation; nothing was sent yet.
        case opening
        /// At the tail's end: gets what comes.
        case live
        /// The socket has not taken everything; `position` is the next segment to read.
        case behind(position: Int)
        case closed
    }

    public let user: UserID
    let connection: ConnectionID
    /// What it gets now; of channels that were added with a replay, it may not have had all of that yet.
    public internal(set) var channels: ChannelSet
    /// What it will get once everything that was asked for is there.
    public internal(set) var wanted: ChannelSet
    let stream: ProjectStreams
    let heartbeat: Heartbeat
    let cursor: StreamCursor
    let sink: any StreamSink

    var state = State.opening
    /// Where in the log the stream stands while it is behind: everything up to here was handed over.
    var handed = LogPosition.start
    /// Where in the log it began: nothing up to here was meant for it.
    var begunAt = LogPosition.start
    /// Where its channels did not all begin with it and stay, or a replay left something out.
    var past: StreamPast?
    /// The log that `handed` is in.
    var epoch: UInt64 = 0
    /// What it reads of the log, while it does.
    var reading: LogReading?
    /// It has yet to be told who is there.
    var wantsPresence = false
    /// Where it stands in its group and among its user's streams; kept by ``SubscriptionMap``.
    var groupSlot = 0
    var userSlot = 0
    /// Where it stands on the ``HeartbeatWheel``, which keeps it: slot and position.
    var wheelPlace: (slot: Int32, index: Int32)?
    /// What limits its time, if anything does.
    var term: StreamTerm?
    /// The wheel's tick of the last write.
    var lastWrite: UInt32 = 0
    /// Channels that wait to be added.
    var additions: [ChannelAddition] = []
    /// Among the streams that ``ProjectStreams`` looks at when channels are settled; kept by it.
    var isListedForSettling = false
    /// Its channels changed, and it has not been told.
    var hasNewChannels = false
    /// It lost channels while it was behind: notices that are still to be read were written for other channels.
    var wasNarrowedBehind = false
    /// What was handed to the socket and not taken yet; counted when it is.
    var inFlight: [Delivery] = []
    private var progress = Progress(pendingBytes: 0, tick: 0)

    /// When the socket last took anything.
    private struct Progress {
        var pendingBytes: Int
        var tick: UInt32
    }

    init(_ request: StreamRequest, stream: ProjectStreams, sink: any StreamSink) {
        connection = request.id
        user = request.user
        channels = request.channels
        wanted = request.channels
        heartbeat = Heartbeat(milliseconds: request.heartbeatMilliseconds, isEvent: request.heartbeatIsEvent)
        cursor = request.cursor
        self.stream = stream
        self.sink = sink
    }

    /// The `connection_id`.
    public var id: String { connection.description }

    public var project: ProjectID { stream.project }

    var isBehind: Bool { if case .behind = state { true } else { false } }

    /// Nothing is to be sent to it for now, though its socket would take it: it has not begun, or waits for the log.
    var isWaiting: Bool {
        switch state {
        case .opening: true
        case .behind: reading?.phase != .awaitingSocket && sink.pendingBytes == 0
        case .live, .closed: false
        }
    }

    /// Its `connected` has been written.
    var hasBegun: Bool { state != .opening && (reading?.addition != nil || reading?.replay?.hasBegun != false) }

    /// The socket has not taken everything.
    var isSlow: Bool { isBehind && !isWaiting }

    // MARK: What the socket says

    /// The socket has taken everything that was handed over.
    public func sinkDrained() {
        guard case .behind(let position) = state else { return }
        stream.count(inFlight)
        inFlight = []
        switch reading?.phase {
        case nil: catchUp(from: position)
        case .awaitingSocket: readOn()
        // It was only a heartbeat.
        case .awaitingPage, .awaitingRelay: break
        }
    }

    /// The connection ended from the other side. Not called after the session closed its sink.
    ///
    /// - Parameter done: called when nothing of the stream is left, in its turn where many leave together; if it had ended before,
    ///   at once.
    public func sinkClosed(_ reason: StreamCloseReason, done: @escaping () -> Void = {}) {
        guard state != .closed else { return done() }
        leave(reason, done: done)
    }

    // MARK: What the hub does

    /// Opens the stream with `first`, the hub's first frames; live from here on.
    func begin(with first: ByteBuffer) {
        guard state == .opening else { return }
        state = .live
        begunAt = stream.position
        send(first)
        applyChanges()
    }

    /// Sends frames of the session's own, such as a heartbeat; only while the stream is live.
    func send(_ frames: ByteBuffer) {
        guard state == .live else { return }
        lastWrite = stream.shard.tick
        sink.write(frames)
        if !sink.flush() { fallBehind(at: stream.tail.end, handedOver: []) }
    }

    /// Sends a comment to a stream that waits; its reader would take the silence for death.
    func sendWhileWaiting(_ comment: ByteBuffer) {
        lastWrite = stream.shard.tick
        sink.write(comment)
        _ = sink.flush()
    }

    /// Sends what arrived now; `end` is the tail's end behind it. Only while the stream is live.
    ///
    /// - Parameter tick: the wheel's, which the caller knows for all of them.
    /// - Returns: true if the socket took everything, so that the caller counts for all of them together.
    func deliver(_ selection: Selection, end: Int, tick: UInt32) -> Bool {
        lastWrite = tick
        for slice in selection.slices { sink.write(slice) }
        if sink.flush() { return true }
        fallBehind(at: end, handedOver: selection.deliveries)
        return false
    }

    /// Says why, and ends the stream.
    func close(_ reason: StreamCloseReason, with lastFrame: ByteBuffer) {
        guard state != .closed else { return }
        leave(reason)
        sink.write(lastFrame)
        sink.close()
    }

    /// True if the socket has taken nothing for `limit` ticks.
    func isStuck(for limit: UInt32, now: UInt32) -> Bool {
        let pending = sink.pendingBytes
        // That it waits for the log is not the reader's fault.
        if pending == 0 { progress = Progress(pendingBytes: 0, tick: now) }
        if pending < progress.pendingBytes { progress = Progress(pendingBytes: pending, tick: now) }
        return now &- progress.tick >= limit
    }

    // MARK: Catching up

    /// Reads what has come since it last reached the tail's end.
    func readTail() {
        guard case .behind(let position) = state, reading == nil, sink.pendingBytes == 0 else { return }
        catchUp(from: position)
    }

    private func fallBehind(at position: Int, handedOver: [Delivery]) {
        guard state == .live else { return }
        state = .behind(position: position)
        stream.shard.measurements.slowdowns += 1
        handed = stream.position
        epoch = stream.epoch
        inFlight = handedOver
        noteProgress()
        stream.sessionFellBehind(self)
    }

    func noteProgress() {
        progress = Progress(pendingBytes: sink.pendingBytes, tick: stream.shard.tick)
    }

    /// Reads the tail in portions of a segment's size until the socket has enough or the end is reached; where the tail has
    /// gone on without the stream, reads the log first.
    func catchUp(from start: Int) {
        var position = start
        if position == stream.tail.start, !isInPresentLog { beginAnew() }
        while position < stream.tail.end {
            guard position >= stream.tail.start else { return readWhatTheTailDropped(since: position) }
            var selection = Selection()
            while position < stream.tail.end, selection.byteCount < Segment.capacity {
                let segment = stream.tail[position]
                // What it was given by the log, or by another node, does not come again.
                let overlaps = segment.firstPosition.map { $0 <= handed } ?? false
                selection.add(
                    segment, channels: channels, user: user, after: overlaps ? handed : nil,
                    replaced: stream.tail.replaced(at: position), anyNotice: wasNarrowedBehind
                )
                if let last = segment.lastPosition { handed = max(handed, last) }
                position += 1
            }
            state = .behind(position: position)
            lastWrite = stream.shard.tick
            stream.shard.measurements.noteDropped(.conflated, events: selection.replacedCount)
            for slice in selection.slices { sink.write(slice) }
            guard sink.flush() else {
                inFlight = selection.deliveries
                noteProgress()
                return
            }
            stream.count(selection.deliveries)
            // The flush may have found the connection dead.
            guard state != .closed else { return }
        }
        guard !isAhead else { return stream.sessionIsAhead(self) }
        state = .live
        wasNarrowedBehind = false
        stream.sessionCaughtUp(self)
        applyChanges()
    }

    /// It was given more than its node has heard, so it cannot have what all the others get.
    private var isAhead: Bool { handed > stream.position }

    /// Whether `handed` means anything; a stream that stood in no log yet stands in any.
    var isInPresentLog: Bool { epoch == stream.epoch || epoch == 0 }

    /// Stands at the beginning of the log that has begun anew.
    func beginAnew() {
        handed = .start
        epoch = stream.epoch
    }

    /// What its client did not get.
    private func noteUnfinished() {
        stream.shard.measurements.noteDropped(.connectionEnded, events: inFlight.reduce(0) { $0 + $1.frames })
        if let replay = reading?.replay { stream.shard.measurements.noteReplay(.abandoned, events: replay.replayed) }
    }

    /// Gets nothing from here on; what it leaves behind is cleared away in its turn, because a thousand may leave together.
    private func leave(_ reason: StreamCloseReason, done: @escaping () -> Void = {}) {
        let wasBehind = isBehind
        let wasOpening = state == .opening
        let last = wasOpening ? nil : wasBehind ? handed : stream.position
        state = .closed
        noteUnfinished()
        reading = nil
        additions = []
        stream.shard.clearAway { [self] in
            stream.remove(self, reason: reason, wasBehind: wasBehind, wasOpening: wasOpening, at: last)
            done()
        }
    }
}
