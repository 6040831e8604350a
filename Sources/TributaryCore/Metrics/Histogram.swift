/// Counts values by size, in buckets that were fixed beforehand: to record one allocates nothing and takes no lock. Plain state: whoever
/// has one says where it lives.
package struct Histogram: Sendable, Equatable {
    /// The upper bounds, inclusive and ascending; above the last one is one bucket more.
    package let bounds: [UInt64]
    /// How many of ``bounds``' units make one of what is shown, such as 1,000,000 µs a second.
    package let scale: Double
    /// For each bucket by itself, one more than there are bounds.
    package private(set) var counts: [UInt64]
    /// Of all values, in the bounds' unit.
    package private(set) var sum: UInt64 = 0

    package init(bounds: [UInt64], scale: Double = 1) {
        self.bounds = bounds
        self.scale = scale
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package var count: UInt64 { counts.reduce(0, +) }

    /// Notes a value that came up so many times.
    package mutating func record(_ value: UInt64, times: UInt64 = 1) {
        // A dozen bounds, and most values among the first: a search by halves is no quicker.
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        counts[bucket] += times
        sum &+= value &* times
    }

    /// - Parameter other: one with the same bounds.
    package mutating func add(_ other: Histogram) {
        for bucket in counts.indices { counts[bucket] += other.counts[bucket] }
        sum &+= other.sum
    }
}

extension Histogram {
    private static let milliseconds: [UInt64] = [
        1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000,
    ]

    /// For times in microseconds, from 1 ms to 10 s; shown in seconds. 1 ms: publishers say no less.
    package static var latency: Histogram { Histogram(bounds: milliseconds, scale: 1_000_000) }

    /// For times in microseconds, from 100 µs to 10 s; shown in seconds.
    package static var duration: Histogram { Histogram(bounds: [100, 250, 500] + milliseconds, scale: 1_000_000) }

    /// For times in microseconds, from 1 ms to 5 minutes, as an outbox may take that publishes what a database has committed.
    package static var delay: Histogram {
        Histogram(bounds: milliseconds + [30_000_000, 60_000_000, 300_000_000], scale: 1_000_000)
    }

    /// For times in microseconds that a question to another process takes; shown in seconds.
    package static var roundTrip: Histogram {
        Histogram(bounds: [250, 1_000, 5_000, 25_000, 100_000, 500_000, 2_500_000], scale: 1_000_000)
    }

    /// For numbers of events, up to the largest `--replay-limit`.
    package static var events: Histogram { Histogram(bounds: [0, 1, 5, 10, 25, 50, 100, 200, 500, 1_000, 10_000]) }
}
