import TributaryProtocol

/// A project as the intake sees it: which event loops listen to which of its channels, and the frames of this batch.
/// Lives on the relay's event loop.
final class ProjectRoute {
    let id: ProjectID
    var channelsByShard: [ChannelSet]
    var builder = SegmentBuilder()
    /// How many routes lead here; with the last one the project goes.
    var routeCount = 0
    /// Whether the builder holds frames of the current batch.
    var isTouched = false
    /// The highest id seen.
    var latest: EventID?
    /// Events by channel.
    var published: [UInt64]

    init(_ id: ProjectID, shards: Int, channels: Int) {
        self.id = id
        channelsByShard = Array(repeating: [], count: shards)
        published = Array(repeating: 0, count: channels)
    }

    func hasListeners(of channel: Int) -> Bool {
        channelsByShard.contains { $0.contains(ChannelSet(index: channel)) }
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
