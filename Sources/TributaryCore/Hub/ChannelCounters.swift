/// Events and bytes for each channel of the catalog.
struct ChannelCounters: Sendable {
    private(set) var frames: [UInt64] = []
    private(set) var bytes: [UInt64] = []

    mutating func add(_ delivery: Delivery, times: Int = 1) {
        add(channel: delivery.channel, frames: UInt64(delivery.frames * times), bytes: UInt64(delivery.bytes * times))
    }

    mutating func add(channel: Int, frames count: UInt64, bytes size: UInt64) {
        while frames.count <= channel {
            frames.append(0)
            bytes.append(0)
        }
        frames[channel] += count
        bytes[channel] += size
    }

    mutating func add(_ other: ChannelCounters) {
        for channel in other.frames.indices {
            add(channel: channel, frames: other.frames[channel], bytes: other.bytes[channel])
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
