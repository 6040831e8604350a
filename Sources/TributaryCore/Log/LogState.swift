import TributaryProtocol

/// A moment's view of a project's log.
public struct LogState: Sendable, Equatable {
    /// Differs whenever the log began anew, as after a Redis was wiped; 0 while there is no log.
    public var epoch: UInt64
    /// The lowest id that the log has begun with; `nil` while there is none. An id below it is from another life.
    public var origin: EventID?
    /// The newest event's place, on whatever channel; `.start` while there is none.
    public var head: LogPosition
    /// For the channels that were asked for, as far as there is anything to say.
    public var channels: [Channel: ChannelState]

    public struct ChannelState: Sendable, Equatable {
        /// The newest event.
        public var last: EventID?
        public var lastPosition: LogPosition?
        /// The newest event that was trimmed.
        public var floor: LogPosition?
        /// Behind this place events may be missing that nobody heard; `.start` if that was before the first one.
        public var lapse: LogPosition?

        public init(
            last: EventID? = nil, lastPosition: LogPosition? = nil, floor: LogPosition? = nil, lapse: LogPosition? = nil
        ) {
            self.last = last
            self.lastPosition = lastPosition
            self.floor = floor
            self.lapse = lapse
        }
    }

    public init(
        epoch: UInt64 = 0, origin: EventID? = nil, head: LogPosition = .start,
        channels: [Channel: ChannelState] = [:]
    ) {
        self.epoch = epoch
        self.origin = origin
        self.head = head
        self.channels = channels
    }
}
