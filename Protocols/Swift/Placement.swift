/// What a log says of an event that it took: where it stands and what stands before it, so that whoever hears the event
/// live can tell whether something went missing on the way.
public struct Placement: Equatable, Sendable {
    public var id: EventID
    public var position: LogPosition
    /// `prev`: the durable event before it on the same channel, by arrival; `nil` if it is the first.
    public var previous: EventID?
    /// `seen`: for each other channel that has had a durable event since `previous`, the newest one. With it an event that is
    /// missing on one channel is noticed by the next event on any other.
    public var seen: [Seen]
    /// `log`: the log's epoch, which differs if it began anew; 0 where it is not said.
    public var epoch: UInt64

    /// The newest durable event of a channel.
    public struct Seen: Equatable, Sendable {
        public var channel: String
        public var id: EventID

        public init(channel: String, id: EventID) {
            self.channel = channel
            self.id = id
        }
    }

    public init(
        id: EventID, position: LogPosition, previous: EventID?, seen: [Seen] = [], epoch: UInt64 = 0
    ) {
        self.id = id
        self.position = position
        self.previous = previous
        self.seen = seen
        self.epoch = epoch
    }
}
