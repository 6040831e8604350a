import NIOCore

/// A moment's figures of a hub for `/metrics`. Totals count from the start of the process.
package struct HubMeasurements: Sendable {
    /// Those of `/stats`, without users and projects.
    package let statistics: HubStatistics
    var streams = ShardMeasurements()
    var intake = IntakeMeasurements()
    var loops: [LoopLag] = []
    /// Projects that the node listens to.
    package internal(set) var projects = 0
    package internal(set) var operations: [RegistryOperation: RegistryOperationFigures] = [:]
    /// Since the last probe came back; since the start if none did, and none where there is nothing to be probed.
    package internal(set) var probeAge = TimeAmount.zero
    /// `nil` while there is no drain.
    package internal(set) var drainRemaining: TimeAmount?

    init(_ statistics: HubStatistics) {
        self.statistics = statistics
    }

    // MARK: Events

    /// From the publisher's `ts` to the socket, in microseconds.
    package var latency: Histogram { streams.latency }
    package var unusableTimestamps: UInt64 { streams.unusableTimestamps }
    /// From `committed_at` to `ts`, in microseconds.
    package var commitDelay: Histogram { intake.commitDelay }
    package var receivedBytes: UInt64 { intake.receivedBytes }

    package func dropped(_ reason: DropReason) -> UInt64 {
        (streams.dropped[reason] ?? 0) + (intake.dropped[reason] ?? 0)
    }

    // MARK: Streams

    package func replays(_ outcome: ReplayOutcome) -> UInt64 { streams.replays[outcome] ?? 0 }
    package var replaySizes: Histogram { streams.replaySizes }
    package func gaps(_ reason: GapReason) -> UInt64 { streams.gaps[reason] ?? 0 }
    package var slowdowns: UInt64 { streams.slowdowns }

    // MARK: Loops

    /// Of all event loops, in microseconds.
    package var lag: Histogram { loops.reduce(into: .duration) { $0.add($1.histogram) } }
    /// The longest of the last half minute for each event loop, in microseconds.
    package var longestLags: [UInt64] { loops.map(\.longest) }
}
