import NIOCore
import TributaryProtocol

/// Who a frame is for.
enum Audience: Equatable, Sendable {
    /// Every stream on the channel.
    case channel(Int)
    /// The streams of one user on the channel.
    case user(UserID, channel: Int)
    /// Every stream whose channels are exactly these: a notice that names them, such as `gap`.
    case streams(ChannelSet)
}

/// One encoded frame of a segment.
struct Frame: Sendable {
    /// Where the frame ends in the segment's bytes; it begins where the one before ends.
    let end: Int
    let audience: Audience
    let id: EventID?
    /// The event's place in the log; `nil` for what no log has.
    let position: LogPosition?
    /// What a `gap` speaks of.
    let missing: MissingIDs?
    /// What it replaces for readers that are behind; `nil` if it replaces nothing, and nothing replaces it.
    let conflation: Conflation?
    /// When its publisher sent it, in milliseconds since 1970; 0 if it did not say, or if it was read from the log.
    let published: UInt64
}

/// What reached a socket, by channel.
struct Delivery: Equatable, Sendable {
    let channel: Int
    var frames: Int
    var bytes: Int
}

/// Encoded frames that arrived together, sealed: nothing is ever written to them again, so slices share their bytes.
final class Segment: Sendable {
    /// 64 KiB: what one read of the relay's socket holds; a frame that is larger has a segment to itself.
    static let capacity = 64 << 10

    let bytes: ByteBuffer
    let frames: [Frame]
    /// The channels that any frame is of, whoever may read it.
    let channels: ChannelSet
    /// The users that private frames are for.
    let recipients: Set<UserID>
    /// Frames for everyone on their channels, and nothing else.
    let isPublic: Bool
    /// The channels with frames that no log has and nothing replaces: who misses this segment has lost them.
    let unloggedChannels: ChannelSet
    /// Any frame has a ``Frame/conflation``.
    let isConflating: Bool
    /// The places of the first and the last frame that have one.
    let firstPosition: LogPosition?
    let lastPosition: LogPosition?
    /// What its `gap`s speak of, together.
    let missing: MissingIDs?
    /// The sums over all frames that are not notices; what a stream gets that reads every one.
    let deliveries: [Delivery]
    /// When its events were published, as far as their publishers said.
    let stamps: [EventStamp]

    init(bytes: ByteBuffer, frames: [Frame]) {
        self.bytes = bytes
        self.frames = frames
        var channels: ChannelSet = []
        var recipients: Set<UserID> = []
        var isPublic = true
        var deliveries: [Delivery] = []
        var unlogged: ChannelSet = []
        var firstPosition: LogPosition?
        var lastPosition: LogPosition?
        var missing: MissingIDs?
        var isConflating = false
        var stamps: [EventStamp] = []
        var start = 0
        for frame in frames {
            if frame.published > 0 { stamps.note(frame.published) }
            firstPosition = firstPosition ?? frame.position
            lastPosition = frame.position ?? lastPosition
            missing = frame.missing.map { $0.union(missing ?? $0) } ?? missing
            if frame.conflation != nil { isConflating = true }
            let isLost = frame.position == nil && frame.conflation == nil
            switch frame.audience {
            case .channel(let channel):
                if isLost { unlogged.insert(ChannelSet(index: channel)) }
                channels.insert(ChannelSet(index: channel))
                deliveries.add(Delivery(channel: channel, frames: 1, bytes: frame.end - start))
            case .user(let user, let channel):
                if isLost { unlogged.insert(ChannelSet(index: channel)) }
                channels.insert(ChannelSet(index: channel))
                recipients.insert(user)
                isPublic = false
                deliveries.add(Delivery(channel: channel, frames: 1, bytes: frame.end - start))
            case .streams(let set):
                unlogged.formUnion(set)
                channels.formUnion(set)
                isPublic = false
            }
            start = frame.end
        }
        self.channels = channels
        self.recipients = recipients
        self.isPublic = isPublic
        self.deliveries = deliveries
        unloggedChannels = unlogged
        self.firstPosition = firstPosition
        self.lastPosition = lastPosition
        self.missing = missing
        self.isConflating = isConflating
        self.stamps = stamps
    }
}

extension [Delivery] {
    mutating func add(_ delivery: Delivery) {
        if let index = firstIndex(where: { $0.channel == delivery.channel }) {
            self[index].frames += delivery.frames
            self[index].bytes += delivery.bytes
        } else {
            append(delivery)
        }
    }
}
