/// Counts attempts and says how long to wait before the next one. Knows no clock: durations in, durations out.
struct Backoff {
    let policy: ReconnectPolicy
    /// Attempts since the last steady stream.
    private(set) var attempt = 0
    /// What the stream's `retry:` asked for, within the policy's bounds.
    private(set) var retry: Duration?

    init(policy: ReconnectPolicy) {
        self.policy = policy
    }

    /// Takes the stream's `retry:` field: from now on both the base and the least of every delay.
    mutating func take(retryMilliseconds: Int) {
        let asked = Duration.milliseconds(min(max(0, retryMilliseconds), 1 << 40))
        retry = min(max(asked, policy.shortestRetry), policy.cap)
    }

    /// Tells how long a stream lived after the hub had answered.
    mutating func streamLived(_ duration: Duration) {
        if duration >= policy.steadyAfter { attempt = 0 }
    }

    /// The delay before the next attempt.
    ///
    /// - Parameters:
    ///   - asked: what the hub asked for in `Retry-After` or `server_close`. It holds as it is for the first attempt,
    ///     since the hub spreads its clients by it; afterwards it is the least.
    ///   - jitter: a random number in 0…1.
    mutating func next(asked: Duration? = nil, jitter: Double) -> Duration {
        attempt += 1
        let asked = asked.map { min(max($0, .zero), policy.longestWait) }
        if let asked, attempt == 1 { return asked }
        // 2^20 times any sensible base is beyond the cap.
        let doubled = (retry ?? policy.base) * (1 << min(attempt - 1, 20))
        let ceiling = min(doubled, policy.cap)
        return max(ceiling * jitter, retry ?? .zero, asked ?? .zero)
    }
}
