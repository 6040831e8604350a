import NIOCore

/// Whether the nodes can hear of each other, and when to say everything again. Decides only; lives on its registrar's event loop.
///
/// The beats alone tell whether what the nodes share can be reached: a call that fails beside them is a matter of its own user
/// or project, whose key is broken or whose part of a cluster is away. What it had to say is said again, with more and more
/// time in between, and with the streams' ordinary refresh at the latest.
struct Reachability {
    /// What has changed with a beat.
    enum Change: Equatable {
        case nothing
        /// For the first time.
        case found
        case foundAgain
        case lost
    }

    /// Whether the last beat was heard.
    private(set) var isReachable = false
    private var wasReached = false
    /// When a call failed last.
    private var failedAt: NIODeadline?
    /// Everything will be said again.
    private var isRepeatScheduled = false
    /// How long until it is, when it is to be next; in milliseconds.
    private var pause = shortestPause
    private var loggedAt: [String: NIODeadline] = [:]

    /// 250 ms: soon, and nothing that a Redis that comes back would feel.
    static let shortestPause = 250
    /// 20 s: as often as everything is said in any case.
    static let longestPause = 20_000
    /// 30 s without a failure: longer than from one refresh to the next, which fails as well while the cause lasts.
    private static let peace = TimeAmount.seconds(30)

    mutating func beatSucceeded() -> Change {
        guard !isReachable else { return .nothing }
        isReachable = true
        defer { wasReached = true }
        return wasReached ? .foundAgain : .found
    }

    mutating func beatFailed() -> Change {
        guard isReachable else { return .nothing }
        isReachable = false
        return .lost
    }

    /// Something that was to be said was not heard.
    ///
    /// - Returns: in how many milliseconds to say everything again; `nil` if that is under way, or the beats will tell when.
    mutating func callFailed(now: NIODeadline) -> Int? {
        if let failedAt, now - failedAt >= Self.peace { pause = Self.shortestPause }
        failedAt = now
        guard isReachable, !isRepeatScheduled else { return nil }
        isRepeatScheduled = true
        defer { pause = min(pause * 2, Self.longestPause) }
        return pause
    }

    /// The time to say everything again has come.
    mutating func repeatIsDue() -> Bool {
        isRepeatScheduled = false
        return isReachable
    }

    /// Whether a failure is worth a line in the log: each kind once a second at most.
    ///
    /// - Parameter kind: one of a fixed set, never text from outside: the table must not grow.
    mutating func shouldLog(_ kind: String, now: NIODeadline) -> Bool {
        if let last = loggedAt[kind], now - last < .seconds(1) { return false }
        loggedAt[kind] = now
        return true
    }
}
