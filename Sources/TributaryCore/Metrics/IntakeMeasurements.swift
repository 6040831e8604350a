import TributaryProtocol

/// What the intake counts beside what `/stats` has. Lives on the relay's event loop.
struct IntakeMeasurements: Sendable {
    /// Of whole envelopes.
    var receivedBytes: UInt64 = 0
    /// From `committed_at` to `ts`: how long a publisher took to publish what its database had committed.
    private(set) var commitDelay = Histogram.delay
    private(set) var dropped: [DropReason: UInt64] = [:]

    mutating func noteDropped(_ reason: DropReason, events: Int = 1) {
        if events > 0 { dropped[reason, default: 0] += UInt64(events) }
    }

    mutating func noteCommitted(_ envelope: Envelope) {
        guard let committed = envelope.committedAt, let sent = envelope.timestamp else { return }
        // One day: what is further off is in another unit.
        let delay = sent > committed ? sent - committed : 0
        guard delay <= 86_400_000, committed <= sent || committed - sent <= 86_400_000 else { return }
        commitDelay.record(delay * 1_000)
    }
}
