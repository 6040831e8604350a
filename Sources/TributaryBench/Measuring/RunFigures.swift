import Histogram

/// Publish to read, in nanoseconds.
public struct LatencyFigures: Sendable, Codable, Equatable {
    public var count: Double
    public var p50: Double
    public var p90: Double
    public var p99: Double
    public var p999: Double
    public var max: Double

    enum CodingKeys: String, CodingKey {
        case count, p50, p90, p99, max
        case p999 = "p99_9"
    }

    /// - Returns: `nil` if nothing was recorded.
    init?(_ histogram: Histogram<UInt64>) {
        guard histogram.totalCount > 0 else { return nil }
        let value = { Double(histogram.valueAtPercentile($0)) }
        count = Double(histogram.totalCount)
        (p50, p90, p99, p999) = (value(50), value(90), value(99), value(99.9))
        max = Double(histogram.max)
    }

    /// Each figure's median, but for the maximum, which is all runs'.
    init?(mediansOf all: [LatencyFigures]) {
        guard let first = all.first else { return nil }
        self = first
        for path in [\Self.count, \Self.p50, \Self.p90, \Self.p99, \Self.p999] {
            self[keyPath: path] = Median.of(all.map { $0[keyPath: path] }) ?? 0
        }
        max = all.map(\.max).max() ?? 0
    }
}

/// The middle value.
enum Median {
    static func of(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// What one run found. What a scenario does not measure is `nil`.
public struct RunFigures: Sendable, Codable, Equatable {
    public var streamsOpened: Double?
    public var streamsFailed: Double?
    /// Ended by the server, or on the way.
    public var streamsEnded: Double?
    public var acceptsPerSecond: Double?
    /// How long the measurement took.
    public var seconds: Double?
    public var published: Double?
    /// Publishes that the server refused.
    public var refused: Double?
    public var deliveries: Double?
    public var deliveriesPerSecond: Double?
    public var lost: Double?
    public var repeated: Double?
    public var disordered: Double?
    public var gaps: Double?
    public var heartbeats: Double?
    public var latency: LatencyFigures?
    public var serverCPUSeconds: Double?
    /// The server's CPU time for a million deliveries; the same number is microseconds a delivery.
    public var cpuSecondsPerMillion: Double?
    public var rssBefore: Double?
    public var rssIdle: Double?
    public var rssPeak: Double?
    public var rssPerStream: Double?
    /// The share of a core that the generator used.
    public var generatorCPU: Double?
    public var eventsPerRead: Double?
    /// `reconnect` and `replay`: until every stream had all that it missed.
    public var caughtUpSeconds: Double?
    /// `reconnect`: the latency of other streams before the cut.
    public var latencyBefore: LatencyFigures?
    /// `reconnect`: the 99th percentile of others while the streams came back, over that before.
    public var p99Ratio: Double?
    /// `million`: kernel memory and processes, for each stream.
    public var memoryPerStream: Double?
    /// `million`: processes of the hub.
    public var hubs: Double?
    /// The first thing that went wrong.
    public var failure: String?

    enum CodingKeys: String, CodingKey {
        case streamsOpened = "streams_opened"
        case streamsFailed = "streams_failed"
        case streamsEnded = "streams_ended"
        case acceptsPerSecond = "accepts_per_second"
        case seconds = "measured_seconds"
        case published, refused, deliveries, lost, repeated, disordered, gaps, heartbeats, failure, hubs
        case deliveriesPerSecond = "deliveries_per_second"
        case latency = "latency_ns"
        case serverCPUSeconds = "server_cpu_seconds"
        case cpuSecondsPerMillion = "cpu_seconds_per_million"
        case rssBefore = "rss_before_bytes"
        case rssIdle = "rss_idle_bytes"
        case rssPeak = "rss_peak_bytes"
        case rssPerStream = "rss_per_stream_bytes"
        case generatorCPU = "generator_cpu"
        case eventsPerRead = "events_per_read"
        case caughtUpSeconds = "caught_up_seconds"
        case latencyBefore = "latency_before_ns"
        case p99Ratio = "p99_ratio"
        case memoryPerStream = "memory_per_stream_bytes"
    }

    public init() {}

    /// Medians; of what should not happen at all, the worst run's.
    init(mediansOf runs: [RunFigures]) {
        for path in Self.measures {
            self[keyPath: path] = Median.of(runs.compactMap { $0[keyPath: path] })
        }
        for path in Self.faults {
            self[keyPath: path] = runs.compactMap { $0[keyPath: path] }.max()
        }
        latency = LatencyFigures(mediansOf: runs.compactMap(\.latency))
        latencyBefore = LatencyFigures(mediansOf: runs.compactMap(\.latencyBefore))
        failure = runs.lazy.compactMap(\.failure).first
    }

    private static var measures: [WritableKeyPath<RunFigures, Double?>] {
        [
            \.streamsOpened, \.acceptsPerSecond, \.seconds, \.published, \.deliveries, \.deliveriesPerSecond,
            \.heartbeats, \.serverCPUSeconds, \.cpuSecondsPerMillion, \.rssBefore, \.rssIdle, \.rssPeak,
            \.rssPerStream, \.generatorCPU, \.eventsPerRead, \.caughtUpSeconds, \.p99Ratio, \.memoryPerStream, \.hubs,
        ]
    }

    private static var faults: [WritableKeyPath<RunFigures, Double?>] {
        [\.streamsFailed, \.streamsEnded, \.refused, \.lost, \.repeated, \.disordered, \.gaps]
    }
}
