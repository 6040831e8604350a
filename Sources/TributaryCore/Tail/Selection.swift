import NIOCore
import TributaryProtocol

/// What of some segments one kind of reader gets: slices that share the segments' bytes, and the sums for `/stats`.
struct Selection {
    private(set) var slices: [ByteBuffer] = []
    private(set) var deliveries: [Delivery] = []
    private(set) var byteCount = 0

    var isEmpty: Bool { slices.isEmpty }

    /// Adds what a reader of `channels` gets of `segment`: public frames and its notices, and with `user` that user's
    /// private ones.
    mutating func add(_ segment: Segment, channels: ChannelSet, user: UserID?) {
        guard !segment.channels.isDisjoint(with: channels) else { return }
        if segment.isPublic, segment.channels.isSubset(of: channels) {
            slices.append(segment.bytes)
            byteCount += segment.bytes.readableBytes
            for delivery in segment.deliveries { deliveries.add(delivery) }
            return
        }
        var start = 0
        var selected = 0..<0
        for frame in segment.frames {
            if let channel = frame.audience.channel(for: channels, user: user) {
                if case .counted(let channel) = channel {
                    deliveries.add(Delivery(channel: channel, frames: 1, bytes: frame.end - start))
                }
                if selected.upperBound == start, !selected.isEmpty {
                    selected = selected.lowerBound..<frame.end
                } else {
                    take(selected, of: segment)
                    selected = start..<frame.end
                }
            }
            start = frame.end
        }
        take(selected, of: segment)
    }

    private mutating func take(_ range: Range<Int>, of segment: Segment) {
        guard !range.isEmpty,
            let slice = segment.bytes.getSlice(at: segment.bytes.readerIndex + range.lowerBound, length: range.count)
        else { return }
        slices.append(slice)
        byteCount += range.count
    }
}

extension Audience {
    enum Match {
        case counted(channel: Int)
        /// A notice: read, but not an event of a channel.
        case notice
    }

    /// How a frame for this audience reaches a reader; `nil` if it doesn't.
    fileprivate func channel(for channels: ChannelSet, user: UserID?) -> Match? {
        switch self {
        case .channel(let channel):
            channels.contains(ChannelSet(index: channel)) ? .counted(channel: channel) : nil
        case .user(let recipient, let channel):
            recipient == user && channels.contains(ChannelSet(index: channel)) ? .counted(channel: channel) : nil
        case .streams(let set):
            set == channels ? .notice : nil
        }
    }
}
