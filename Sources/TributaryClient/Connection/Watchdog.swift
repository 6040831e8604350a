/// Notices silence: how long the stream has been waited for without a byte. Time that handlers take does not count.
struct Watchdog {
    enum Verdict: Equatable {
        case silent(Duration)
        case lookAgain(after: Duration)
    }

    /// `nil`: as long as it takes.
    private var limit: Duration?
    private var waitingSince: ContinuousClock.Instant?

    /// A changed limit is noticed within this time; it also finds a machine's sleep soon after its end.
    static let longestLook = Duration.seconds(1)

    mutating func waits(since now: ContinuousClock.Instant, atMost limit: Duration?) {
        waitingSince = now
        self.limit = limit
    }

    mutating func gotBytes() { waitingSince = nil }

    func verdict(at now: ContinuousClock.Instant) -> Verdict {
        guard let limit else { return .lookAgain(after: Self.longestLook) }
        guard let waitingSince else { return .lookAgain(after: min(limit, Self.longestLook)) }
        let silence = now - waitingSince
        if silence >= limit { return .silent(limit) }
        return .lookAgain(after: min(limit - silence, Self.longestLook))
    }
}
