import DequeModule
import NIOCore
import TributaryProtocol

/// The newest segments of a project on one event loop, kept for the streams that have not read them yet.
///
/// Positions count segments from the beginning of time. A stream at the end has no cursor here and costs nothing; while
/// every stream is at the end, the tail holds nothing. Of events that replace each other it remembers which have been replaced,
/// and keeps the newest ones when it drops the segments that they came in. Lives on its shard's event loop.
struct Tail {
    private struct Slot {
        let segment: Segment
        /// Which frames have been replaced by newer ones; empty while none has.
        var replaced: [Bool] = []
    }

    /// The position after the newest segment.
    private(set) var end = 0
    private var segmentBytes = 0
    private var frameCount = 0
    private var slots: Deque<Slot> = []
    private var newest = ConflationTable()
    private var kept: KeptFrames
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
        // Half of the tail: what has not been read yet is worth no less.
        kept = KeptFrames(byteLimit: byteLimit / 2, countLimit: frameLimit)
    }

    /// Of all that is held.
    var byteCount: Int { segmentBytes + kept.byteCount }

    /// The position of the oldest segment that is still here.
    var start: Int { end - slots.count }

    /// Appends segments; with `isNeeded` false nobody is behind, and only the position moves.
    ///
    /// - Parameter log: how far the log has been read before these segments.
    mutating func append(_ new: [Segment], isNeeded: Bool, log: LogPosition) {
        guard isNeeded else {
            end += new.count
            return
        }
        if slots.isEmpty { startInLog = log }
        for segment in new {
            slots.append(Slot(segment: segment))
            end += 1
            segmentBytes += segment.bytes.readableBytes
            frameCount += segment.frames.count
            if segment.isConflating { noteReplaced(by: segment) }
        }
        while slots.count > 1, byteCount > byteLimit || frameCount > frameLimit { dropFirst() }
    }

    /// Finds what the newest segment replaces.
    private mutating func noteReplaced(by segment: Segment) {
        for (index, frame) in segment.frames.enumerated() {
            guard let conflation = frame.conflation else { continue }
            if conflation.replacesGroup {
                for old in newest.take(conflation.group) { markReplaced(old) }
            }
            if let old = newest.note(conflation, at: FramePlace(segment: end - 1, frame: index)) { markReplaced(old) }
        }
    }

    private mutating func markReplaced(_ place: FramePlace) {
        guard place.segment >= start else { return kept.remove(at: place) }
        let index = place.segment - start
        if slots[index].replaced.isEmpty {
            slots[index].replaced = Array(repeating: false, count: slots[index].segment.frames.count)
        }
        slots[index].replaced[place.frame] = true
    }

    private mutating func dropFirst() {
        let slot = slots.removeFirst()
        let segment = slot.segment
        segmentBytes -= segment.bytes.readableBytes
        frameCount -= segment.frames.count
        if let position = segment.lastPosition { startInLog = max(startInLog, position) }
        if let missing = segment.missing {
            droppedMissing = (missing.union(droppedMissing?.ids ?? missing), start)
        }
        for channel in segment.unloggedChannels.indices { droppedEnd[channel] = start }
        if segment.isConflating { keepNewest(of: slot) }
    }

    /// Keeps what nothing has replaced yet of the segment that was dropped just now.
    private mutating func keepNewest(of slot: Slot) {
        var frameStart = slot.segment.bytes.readerIndex
        let base = frameStart
        for (index, frame) in slot.segment.frames.enumerated() {
            let end = base + frame.end
            defer { frameStart = end }
            guard let conflation = frame.conflation, slot.replaced.isEmpty || !slot.replaced[index],
                let slice = slot.segment.bytes.getSlice(at: frameStart, length: end - frameStart)
            else { continue }
            // Copied, so that it does not keep its segment alive.
            let bytes = ByteBuffer(bytes: slice.readableBytesView)
            let place = FramePlace(segment: start - 1, frame: index)
            for lost in kept.keep(bytes, for: frame.audience, conflation, at: place) {
                newest.forget(lost.conflation)
                let channel = lost.conflation.group.channel
                droppedEnd[channel] = max(droppedEnd[channel] ?? 0, lost.place.segment + 1)
            }
        }
    }

    /// Drops all segments, because the log began anew: the places of one are nothing in the other.
    mutating func restart() {
        while !slots.isEmpty { dropFirst() }
        startInLog = .start
    }

    /// Forgets the segments, because nobody is behind any more.
    mutating func clear() {
        slots.removeAll(keepingCapacity: false)
        newest.clear()
        kept.clear()
        droppedEnd = [:]
        droppedMissing = nil
        segmentBytes = 0
        frameCount = 0
    }

    /// The channels of which a reader at `position` has lost frames that no log has; those that were replaced are no loss.
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
    subscript(position: Int) -> Segment { slots[position - start].segment }

    /// Which frames of the segment at `position` newer ones have replaced; empty if none.
    func replaced(at position: Int) -> [Bool] { slots[position - start].replaced }

    /// Adds what was kept for a reader of the frames that it has not read, from `place` on and before `segment`, until the
    /// selection has a segment's size.
    ///
    /// - Returns: where to go on; `nil` if that was all.
    func selectKept(
        from place: FramePlace, before segment: Int, channels: ChannelSet, user: UserID, into selection: inout Selection
    ) -> FramePlace? {
        kept.select(from: place, before: segment, channels: channels, user: user, into: &selection)
    }
}
