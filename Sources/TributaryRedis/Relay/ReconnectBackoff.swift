/// How long to wait before the next attempt: exponential, with jitter so that nodes do not come back together.
///
/// The delays grow from 100–200 ms to 5–10 s. They start again only after a connection that lived for a while: one that
/// is accepted and dropped at once must not be hammered.
struct ReconnectBackoff: Equatable {
    /// No delay is shorter: 100 ms.
    static let minimumMilliseconds = 100
    /// No delay is longer: 10 s.
    static let maximumMilliseconds = 10_000
    /// A connection that lived so long was a good one: 10 s, one round of the probe.
    static let healthyMilliseconds = 10_000

    /// Failures since the last good connection.
    private(set) var failures = 0

    /// The range that the next delay is drawn from: from a half of 200 ms · 2^failures to the whole, capped.
    var range: ClosedRange<Int> {
        let ceiling = min(Self.maximumMilliseconds, 200 << min(failures, 16))
        return max(Self.minimumMilliseconds, ceiling / 2)...ceiling
    }

    /// The delay in milliseconds after one more failure.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Int {
        defer { failures += 1 }
        return Int.random(in: range, using: &generator)
    }

    /// A connection ended that had lived for `milliseconds`.
    mutating func connectionLived(milliseconds: Int) {
        if milliseconds >= Self.healthyMilliseconds { failures = 0 }
    }
}
