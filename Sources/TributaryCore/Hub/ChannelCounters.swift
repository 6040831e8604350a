/// Events and bytes for each channel of the catalog.
struct ChannelCounters: Sendable {
    /// Of one channel.
    struct Count: Sendable {
        var frames: UInt64 = 0
        var bytes: UInt64 = 0
    }

    /// Side by side: a project's are rarely in the processor's caches.
    private var counts: [Count] = []

    subscript(channel: Int) -> Count { channel < counts.count ? counts[channel] : Count() }

    mutating func add(_ delivery: Delivery, times: Int = 1) {
        add(channel: delivery.channel, frames: UInt64(delivery.frames * times), bytes: UInt64(delivery.bytes * times))
    }

    mutating func add(channel: Int, frames count: UInt64, bytes size: UInt64) {
        while counts.count <= channel { counts.append(Count()) }
        counts[channel].frames += count
        counts[channel].bytes += size
    }

    mutating func add(_ other: ChannelCounters) {
        for (channel, count) in other.counts.enumerated() {
            add(channel: channel, frames: count.frames, bytes: count.bytes)
        }
    }
}

/// What happened to the streams of a project.
struct StreamCounters: Sendable {
    var opened: UInt64 = 0
    var closed: [StreamCloseReason: UInt64] = [:]
    var delivered = ChannelCounters()

    mutating func add(_ other: StreamCounters) {
        opened += other.opened
        closed.merge(other.closed, uniquingKeysWith: +)
        delivered.add(other.delivered)
    }
}
