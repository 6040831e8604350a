/// What is asked of what the nodes share: a label in `/metrics`.
package enum RegistryOperation: String, Sendable, CaseIterable {
    case register, refresh, remove, sweep, list, join, leave
    case setPresence = "set_presence"
    case sweepPresence = "sweep_presence"
    case members, beat, farewell
}

/// How it went.
package struct RegistryOperationFigures: Sendable {
    package fileprivate(set) var failed: UInt64 = 0
    /// Of those that were answered and those that failed alike, in microseconds.
    package fileprivate(set) var durations = Histogram.roundTrip

    package init() {}

    mutating func note(_ microseconds: UInt64, isFailure: Bool) {
        durations.record(microseconds)
        if isFailure { failed += 1 }
    }
}
