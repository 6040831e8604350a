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
    let connection = ConnectionID()
    let channels: ChannelSet
    let stream: ProjectStreams
    let heartbeat: Heartbeat
    let cursor: StreamCursor
    private let sink: any StreamSink

    private(set) var state = State.opening
    /// Where it stands in its group and among its user's streams; kept by ``SubscriptionMap``.
    var groupSlot = 0
    var userSlot = 0
    /// Where it stands on the ``HeartbeatWheel``, which keeps it: slot and position.
    var wheelPlace: (slot: Int32, index: Int32)?
    /// The wheel's tick of the last write.
    var lastWrite: UInt32 = 0
    /// What was handed to the socket and not taken yet; counted when it is.
    private var inFlight: [Delivery] = []
    private var progress = Progress(pendingBytes: 0, tick: 0)

    /// When the socket last took anything.
    private struct Progress {
        var pendingBytes: Int
        var tick: UInt32
    }

    init(_ request: StreamRequest, stream: ProjectStreams, sink: any StreamSink) {
        user = request.user
        channels = request.channels
        heartbeat = Heartbeat(milliseconds: request.heartbeatMilliseconds, isEvent: request.heartbeatIsEvent)
        cursor = request.cursor
        self.stream = stream
        self.sink = sink
    }

    /// The `connection_id`.
    public var id: String { connection.description }

    public var project: ProjectID { stream.project }

    var isBehind: Bool { if case .behind = state { true } else { false } }

    // MARK: What the socket says

    /// The socket has taken everything that was handed over.
    public func sinkDrained() {
        guard case .behind(let position) = state else { return }
        stream.count(inFlight)
        inFlight = []
        catchUp(from: position)
    }

    /// The connection ended from the other side. Called at most once, and not after the session closed its sink.
    public func sinkClosed(_ reason: StreamCloseReason) {
        guard state != .closed else { return }
        leave(reason)
    }

    // MARK: What the hub does

    /// Opens the stream with `first`, the hub's first frames; live from here on.
    func begin(with first: ByteBuffer) {
        guard state == .opening else { return }
        state = .live
        send(first)
    }

    /// Sends frames of the session's own, such as a heartbeat; only while the stream is live.
    func send(_ frames: ByteBuffer) {
        guard state == .live else { return }
        lastWrite = stream.shard.tick
        sink.write(frames)
        if !sink.flush() { fallBehind(at: stream.tail.end, handedOver: []) }
    }

    /// Sends what arrived now; `end` is the tail's end behind it. Only while the stream is live.
    ///
    /// - Returns: true if the socket took everything, so that the caller counts for all of them together.
    func deliver(_ selection: Selection, end: Int) -> Bool {
        lastWrite = stream.shard.tick
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
        if pending < progress.pendingBytes { progress = Progress(pendingBytes: pending, tick: now) }
        return now &- progress.tick >= limit
    }

    // MARK: Catching up

    private func fallBehind(at position: Int, handedOver: [Delivery]) {
        guard state == .live else { return }
        state = .behind(position: position)
        inFlight = handedOver
        progress = Progress(pendingBytes: sink.pendingBytes, tick: stream.shard.tick)
        stream.sessionFellBehind(self)
    }

    /// Reads the tail in portions of a segment's size until the socket has enough or the end is reached.
    private func catchUp(from start: Int) {
        var position = start
        while position < stream.tail.end {
            var selection = Selection()
            if position < stream.tail.start {
                let lost = stream.tail.lost(since: position, of: channels)
                position = stream.tail.start
                if !lost.isEmpty { sink.write(stream.gapFrame(lost, reason: .tailOverrun)) }
            }
            while position < stream.tail.end, selection.byteCount < Segment.capacity {
                selection.add(stream.tail[position], channels: channels, user: user)
                position += 1
            }
            state = .behind(position: position)
            lastWrite = stream.shard.tick
            for slice in selection.slices { sink.write(slice) }
            guard sink.flush() else {
                inFlight = selection.deliveries
                progress = Progress(pendingBytes: sink.pendingBytes, tick: stream.shard.tick)
                return
            }
            stream.count(selection.deliveries)
            // The flush may have found the connection dead.
            guard state != .closed else { return }
        }
        state = .live
        stream.sessionCaughtUp(self)
    }

    private func leave(_ reason: StreamCloseReason) {
        let wasBehind = isBehind
        let wasOpening = state == .opening
        state = .closed
        stream.remove(self, reason: reason, wasBehind: wasBehind, wasOpening: wasOpening)
    }
}
