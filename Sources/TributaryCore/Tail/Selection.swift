import NIOCore
import TributaryProtocol

/// What of some segments one kind of reader gets: slices that share the segments' bytes, and the sums for `/stats`.
struct Selection {
    private(set) var slices: [ByteBuffer] = []
    private(set) var deliveries: [Delivery] = []
    private(set) var byteCount = 0
    /// When what it has was published, as far as the publishers said.
    private(set) var stamps: [EventStamp] = []
    /// How many frames were left out because newer ones replace them.
    private(set) var replacedCount = 0

    var isEmpty: Bool { slices.isEmpty }

    /// Adds what a reader of `channels` gets of `segment`: public frames and its notices, and with `user` that user's
    /// private ones.
    ///
    /// - Parameters:
    ///   - after: leaves out what the log has up to this place.
    ///   - replaced: leaves out the frames for which this is true; empty if it is for none.
    ///   - anyNotice: adds the notices that speak of any of the channels, not only those for exactly these.
    mutating func add(
        _ segment: Segment, channels: ChannelSet, user: UserID?, after handed: LogPosition? = nil,
        replaced: [Bool] = [], anyNotice: Bool = false
    ) {
        guard !segment.channels.isDisjoint(with: channels) else { return }
        if handed == nil, replaced.isEmpty, segment.isPublic, segment.channels.isSubset(of: channels) {
            slices.append(segment.bytes)
            byteCount += segment.bytes.readableBytes
            // Mostly there is one segment: it lends its lists.
            if deliveries.isEmpty {
                deliveries = segment.deliveries
            } else {
                for delivery in segment.deliveries { deliveries.add(delivery) }
            }
            if stamps.isEmpty { stamps = segment.stamps } else { stamps += segment.stamps }
            return
        }
        var start = 0
        var selected = 0..<0
        for (index, frame) in segment.frames.enumerated() {
            if let handed, let position = frame.position, position <= handed {
                // Read before.
            } else if !replaced.isEmpty, replaced[index] {
                // A newer one comes.
                if case .counted? = frame.audience.channel(for: channels, user: user) { replacedCount += 1 }
            } else if let channel = frame.audience.channel(for: channels, user: user, anyNotice: anyNotice) {
                if case .counted(let channel) = channel {
                    deliveries.add(Delivery(channel: channel, frames: 1, bytes: frame.end - start))
                    if frame.published > 0 { stamps.note(frame.published) }
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

    /// Adds what a reader gets of a page of the log: what stands up to `through`, and of that the first `limit` frames.
    ///
    /// - Returns: how many frames there are for this reader, how many of them were added, and the last of those.
    mutating func add(
        _ segment: Segment, channels: ChannelSet, user: UserID, through: LogPosition, limit: Int
    ) -> (found: Int, added: Int, last: EventID?) {
        if segment.isPublic, segment.frames.count <= limit, segment.channels.isSubset(of: channels),
            let last = segment.frames.last, let position = segment.lastPosition, position <= through
        {
            add(segment, channels: channels, user: user)
            return (segment.frames.count, segment.frames.count, last.id)
        }
        var found = 0
        var added = 0
        var last: EventID?
        var start = 0
        for frame in segment.frames {
            if let position = frame.position, position > through { break }
            if case .counted(let channel) = frame.audience.channel(for: channels, user: user) {
                found += 1
                if added < limit {
                    added += 1
                    last = frame.id
                    deliveries.add(Delivery(channel: channel, frames: 1, bytes: frame.end - start))
                    take(start..<frame.end, of: segment)
                }
            }
            start = frame.end
        }
        return (found, added, last)
    }

    /// Adds a single frame, if this reader gets it.
    mutating func add(_ frame: ByteBuffer, for audience: Audience, channels: ChannelSet, user: UserID) {
        guard case .counted(let channel) = audience.channel(for: channels, user: user) else { return }
        slices.append(frame)
        byteCount += frame.readableBytes
        deliveries.add(Delivery(channel: channel, frames: 1, bytes: frame.readableBytes))
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
    fileprivate func channel(for channels: ChannelSet, user: UserID?, anyNotice: Bool = false) -> Match? {
        switch self {
        case .channel(let channel):
            channels.contains(ChannelSet(index: channel)) ? .counted(channel: channel) : nil
        case .user(let recipient, let channel):
            recipient == user && channels.contains(ChannelSet(index: channel)) ? .counted(channel: channel) : nil
        case .streams(let set):
            set == channels || anyNotice && !set.isDisjoint(with: channels) ? .notice : nil
        }
    }
}
