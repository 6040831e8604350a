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
    /// For each channel, the position after the newest segment that was dropped with a frame of it.
    private var droppedEnd: [Int: Int] = [:]

    private let byteLimit: Int
    private let frameLimit: Int

    init(byteLimit: Int, frameLimit: Int) {
        self.byteLimit = byteLimit
        self.frameLimit = frameLimit
    }

    /// The position of the oldest segment that is still here.
    var start: Int { end - segments.count }

    /// Appends segments; with `isNeeded` false nobody is behind, and only the position moves.
    mutating func append(_ new: [Segment], isNeeded: Bool) {
        guard isNeeded else {
            end += new.count
            return
        }
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
        for channel in segment.channels.indices { droppedEnd[channel] = start }
    }

    /// Forgets the segments, because nobody is behind any more.
    mutating func clear() {
        segments.removeAll(keepingCapacity: false)
        droppedEnd = [:]
        byteCount = 0
        frameCount = 0
    }

    /// The channels of which a reader at `position` has lost frames.
    func lost(since position: Int, of channels: ChannelSet) -> ChannelSet {
        guard position < start else { return [] }
        var lost: ChannelSet = []
        for (channel, dropped) in droppedEnd where dropped > position { lost.insert(ChannelSet(index: channel)) }
        return lost.intersection(channels)
    }

    /// The segment at `position`, which lies within `start..<end`.
    subscript(position: Int) -> Segment { segments[position - start] }
}
