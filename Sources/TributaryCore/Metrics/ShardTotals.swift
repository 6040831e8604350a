/// What the streams of an event loop come to, over all projects, those that are gone included: kept up with every change, so that whoever
/// looks at it does not make the loop count its streams. Lives on its shard's event loop.
struct ShardTotals: Sendable {
    private(set) var counters = StreamCounters()
    private(set) var streamsByChannel: [Int]
    var tailBytes = 0

    init(channels: Int) {
        streamsByChannel = Array(repeating: 0, count: channels)
    }

    mutating func noteOpened(_ channels: ChannelSet) {
        counters.opened += 1
        noteListeners(of: channels, 1)
    }

    mutating func noteClosed(_ channels: ChannelSet, _ reason: StreamCloseReason) {
        counters.closed[reason, default: 0] += 1
        noteListeners(of: channels, -1)
    }

    /// A stream listens to these channels from now on, or waits for them; or does so no more.
    mutating func noteListeners(of channels: ChannelSet, _ change: Int) {
        for channel in channels.indices where channel < streamsByChannel.count { streamsByChannel[channel] += change }
    }

    mutating func noteDelivered(_ delivery: Delivery, times: Int) {
        counters.delivered.add(delivery, times: times)
    }
}
