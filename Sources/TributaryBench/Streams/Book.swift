import Histogram

/// What a generator has counted. Lives on the generator's thread.
struct Book {
    /// Events that reached a stream for the first time.
    var deliveries: UInt64 = 0
    var bytes: UInt64 = 0
    /// Reads that brought something.
    var reads: UInt64 = 0
    var comments: UInt64 = 0
    var gaps: UInt64 = 0
    var serverCloses: UInt64 = 0
    var replayEnds: UInt64 = 0
    var otherFrames: UInt64 = 0
    /// Streams that ended without having been asked to.
    var ended = 0
    /// Publish to read, nanoseconds.
    var latency = Self.emptyHistogram
    /// Whose latency is kept; -1 for everybody's.
    var latencyLane: Int32 = -1
    var flight: Flight

    init(lanes: Int) {
        flight = Flight(lanes: lanes)
    }

    /// Up to five minutes, in three digits.
    static var emptyHistogram: Histogram<UInt64> {
        Histogram(
            lowestDiscernibleValue: 1_000, highestTrackableValue: 300_000_000_000,
            numberOfSignificantValueDigits: .three)
    }
}
