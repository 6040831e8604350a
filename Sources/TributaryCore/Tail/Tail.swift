import DequeModule
import NIOCore
import TributaryProtocol

/// The newest segments of a project on one event loop, kept for the streams that have not read them yet.
///
/// Positions count segments from the beginning of time. A stream at the end has no cursor here and costs nothing; while
/// every stream is at the end, the tail holds nothing. Lives on its shard's event loop.
struct Tail {
    /// The position after the newest segment.
    private(set) var end = 0
    private(set) var byteCount = 0
    private var frameCount = 0
    private var segments: Deque<Segment> = []
    /// For each channel, the position after the newest segment that was dropped with a frame of it that no log has.
    private var droppedEnd: [Int: Int] = [:]
    /// What the dropped segments' `gap`s spoke of, and the position after the newest of them.
    private var droppedMissing: (ids: MissingIDs, end: Int)?

    /// Where in the log the oldest segment begins: what the log has up to here stands before it.
    private(set) var startInLog = LogPosition.start

    private let byteLimit: Int
    private let frameLimit: Int

    init(byteLimit: Int, frameLimit: Int) {
        self.byteLimit = byteLimit
        self.frameLimit = frameLimit
    }

    /// The position of the oldest segment that is still here.
    var start: Int { end - segments.count }

    /// Appends segments; with `isNeeded` false nobody is behind, and only the position moves.
    ///
    /// - Parameter log: how far the log has been read before these segments.
    mutating func append(_ new: [Segment], isNeeded: Bool, log: LogPosition) {
        guard isNeeded else {
            end += new.count
            return
        }
        if segments.isEmpty { startInLog = log }
        for segment in new {
            segments.append(segment)
            end += 1
            byteCount += segment.bytes.readableBytes
            frameCount += segment.frames.count
        }
        while segments.count > 1, byteCount > byteLimit || frameCount > frameLimit { dropFirst() }
    }

    private mutating func dropFirst() {
        let segment = segments.removeFirst()
        byteCount -= segment.bytes.readableBytes
        frameCount -= segment.frames.count
        if let position = segment.lastPosition { startInLog = max(startInLog, position) }
        if let missing = segment.missing {
            droppedMissing = (missing.union(droppedMissing?.ids ?? missing), start)
        }
        for channel in segment.unloggedChannels.indices { droppedEnd[channel] = start }
    }

    /// Drops all segments, because the log began anew: the places of one are nothing in the other.
    mutating func restart() {
        while !segments.isEmpty { dropFirst() }
        startInLog = .start
    }

    /// Forgets the segments, because nobody is behind any more.
    mutating func clear() {
        segments.removeAll(keepingCapacity: false)
        droppedEnd = [:]
        droppedMissing = nil
        byteCount = 0
        frameCount = 0
    }

    /// The channels of which a reader at `position` has lost frames that no log has.
    func lost(since position: Int, of channels: ChannelSet) -> ChannelSet {
        guard position < start else { return [] }
        var lost: ChannelSet = []
        for (channel, dropped) in droppedEnd where dropped > position { lost.insert(ChannelSet(index: channel)) }
        return lost.intersection(channels)
    }

    /// What the `gap`s spoke of that a reader at `position` has lost.
    func lostMissing(since position: Int) -> MissingIDs? {
        droppedMissing.flatMap { $0.end > position ? $0.ids : nil }
    }

    /// The segment at `position`, which lies within `start..<end`.
    subscript(position: Int) -> Segment { segments[position - start] }
}
