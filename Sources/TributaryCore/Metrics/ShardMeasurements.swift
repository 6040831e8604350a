/// What an event loop counts about its streams beside ``StreamCounters``. Lives on its shard's event loop.
struct ShardMeasurements: Sendable {
    /// From the publisher's `ts` to the moment when the socket had taken the event: once for each stream that was at its tail's end
    /// and took it at once. What slow streams catch up on, and what is replayed, says nothing of the hub.
    private(set) var latency = Histogram.latency
    /// Deliveries whose `ts` is no time to measure from.
    private(set) var unusableTimestamps: UInt64 = 0
    /// Streams that were told of a gap, by reason.
    private(set) var gaps: [GapReason: UInt64] = [:]
    private(set) var replays: [ReplayOutcome: UInt64] = [:]
    /// How many events each replay had.
    private(set) var replaySizes = Histogram.events
    /// How often a socket did not take everything.
    var slowdowns: UInt64 = 0
    private(set) var dropped: [DropReason: UInt64] = [:]

    /// 1 h: what is further off is in another unit, or from a clock that was never set.
    private static let plausible: UInt64 = 3_600_000_000

    /// Notes that sockets have just taken events.
    ///
    /// - Parameters:
    ///   - times: how many sockets.
    ///   - now: in microseconds since 1970.
    mutating func noteWritten(_ stamps: [EventStamp], times: Int, now: UInt64) {
        for stamp in stamps {
            let weight = UInt64(stamp.count * times)
            let (published, isTooLarge) = stamp.milliseconds.multipliedReportingOverflow(by: 1_000)
            guard !isTooLarge, published < now ? now - published <= Self.plausible : published - now <= Self.plausible
            else {
                unusableTimestamps += weight
                continue
            }
            // A publisher's clock may be ahead.
            latency.record(now > published ? now - published : 0, times: weight)
        }
    }

    mutating func noteGap(_ reason: GapReason, streams: Int = 1) {
        if streams > 0 { gaps[reason, default: 0] += UInt64(streams) }
    }

    mutating func noteReplay(_ outcome: ReplayOutcome, events: Int) {
        replays[outcome, default: 0] += 1
        replaySizes.record(UInt64(events))
    }

    mutating func noteDropped(_ reason: DropReason, events: Int) {
        if events > 0 { dropped[reason, default: 0] += UInt64(events) }
    }

    mutating func add(_ other: ShardMeasurements) {
        latency.add(other.latency)
        unusableTimestamps += other.unusableTimestamps
        gaps.merge(other.gaps, uniquingKeysWith: +)
        replays.merge(other.replays, uniquingKeysWith: +)
        replaySizes.add(other.replaySizes)
        slowdowns += other.slowdowns
        dropped.merge(other.dropped, uniquingKeysWith: +)
    }
}
