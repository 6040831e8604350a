import DequeModule
import NIOCore
import TributaryProtocol

/// Frames that the tail has dropped and nothing has replaced: what readers get that were behind them. Within bounds; the oldest
/// go first. Lives on its shard's event loop.
struct KeptFrames {
    struct Entry {
        let place: FramePlace
        let audience: Audience
        let conflation: Conflation
        /// Empty once it has been replaced.
        fileprivate(set) var bytes: ByteBuffer
    }

    private(set) var byteCount = 0
    /// In the order of their places.
    private var entries: Deque<Entry> = []
    private var replacedCount = 0
    private let byteLimit: Int
    private let countLimit: Int

    init(byteLimit: Int, countLimit: Int) {
        self.byteLimit = byteLimit
        self.countLimit = countLimit
    }

    var count: Int { entries.count - replacedCount }

    /// Keeps a frame that stood behind all others.
    ///
    /// - Returns: what there is no room for any more, oldest first; maybe this one.
    mutating func keep(
        _ bytes: ByteBuffer, for audience: Audience, _ conflation: Conflation, at place: FramePlace
    ) -> [Entry] {
        entries.append(Entry(place: place, audience: audience, conflation: conflation, bytes: bytes))
        byteCount += bytes.readableBytes
        var dropped: [Entry] = []
        while byteCount > byteLimit || count > countLimit, let first = entries.popFirst() {
            guard first.bytes.readableBytes > 0 else {
                replacedCount -= 1
                continue
            }
            byteCount -= first.bytes.readableBytes
            dropped.append(first)
        }
        return dropped
    }

    /// A newer frame has replaced the one that stood there.
    mutating func remove(at place: FramePlace) {
        let index = firstIndex(from: place)
        guard index < entries.count, entries[index].place == place else { return }
        byteCount -= entries[index].bytes.readableBytes
        entries[index].bytes = ByteBuffer()
        replacedCount += 1
        // Half of them and some: each is moved once at most for one that was replaced.
        guard replacedCount > entries.count / 2 + 16 else { return }
        entries.removeAll { $0.bytes.readableBytes == 0 }
        replacedCount = 0
    }

    mutating func clear() {
        entries = []
        replacedCount = 0
        byteCount = 0
    }

    /// Adds what a reader gets of the frames from `place` on and before a segment, until the selection has a segment's size.
    ///
    /// - Returns: where to go on; `nil` if that was all.
    func select(
        from place: FramePlace, before segment: Int, channels: ChannelSet, user: UserID, into selection: inout Selection
    ) -> FramePlace? {
        for entry in entries[firstIndex(from: place)...] where entry.bytes.readableBytes > 0 {
            guard entry.place.segment < segment else { return nil }
            guard selection.byteCount < Segment.capacity else { return entry.place }
            selection.add(entry.bytes, for: entry.audience, channels: channels, user: user)
        }
        return nil
    }

    /// The first entry that stands at `place` or behind it.
    private func firstIndex(from place: FramePlace) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].place < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
