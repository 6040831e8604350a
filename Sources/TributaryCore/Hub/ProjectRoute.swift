import TributaryProtocol

/// A project as the intake sees it: which event loops listen to which of its channels, and the frames of this batch.
/// Lives on the relay's event loop.
final class ProjectRoute {
    /// What an event loop listens to.
    struct Listeners {
        var channels: ChannelSet = []
        /// Where its shard has the project.
        var place = 0
    }

    let id: ProjectID
    /// By event loop.
    var listeners: [Listeners]
    var builder = SegmentBuilder()
    /// How many routes lead here; with the last one the project goes.
    var routeCount = 0
    /// Whether the builder holds frames of the current batch.
    var isTouched = false
    /// The highest id seen.
    var latest: EventID?
    /// Brings the project's events into the log's order.
    private(set) lazy var sequencer = intake.makeSequencer(for: self)
    private unowned let intake: Intake
    /// Who waits to be told who is there.
    var snapshots = SnapshotRequests()
    /// Events by channel.
    var published: [UInt64]

    init(_ id: ProjectID, shards: Int, channels: Int, intake: Intake) {
        self.id = id
        self.intake = intake
        listeners = Array(repeating: Listeners(), count: shards)
        published = Array(repeating: 0, count: channels)
    }

    /// What waits for the sequencer to have nothing to wait for.
    var afterSettling: [() -> Void] = []

    /// The channels that any event loop listens to.
    var allChannels: ChannelSet { listeners.reduce(into: []) { $0.formUnion($1.channels) } }

    func hasListeners(of channel: Int) -> Bool {
        listeners.contains { $0.channels.contains(ChannelSet(index: channel)) }
    }
}

/// Where the messages of a topic go. Lives on the relay's event loop.
final class Route {
    let topic: Topic
    let channel: Int
    /// `nil` for a broadcast.
    let project: ProjectRoute?

    init(topic: Topic, channel: Int, project: ProjectRoute?) {
        self.topic = topic
        self.channel = channel
        self.project = project
    }
}
