import TributaryProtocol

/// Decides how a client gets what a replay left out: which page it asks for next, and what an answer means. It does
/// nothing itself.
struct CatchUp {
    enum Action: Equatable {
        /// Ask for the page after this id.
        case fetch(after: UInt64)
        /// Get a new token, then ask again.
        case renewToken(after: UInt64)
        case wait(Duration)
        /// Everything up to the live events has come.
        case finished
        /// The rest cannot be had: the program is told of the gap.
        case giveUp
    }

    /// The last event handed over, in the log's order.
    private(set) var after: UInt64
    private let to: UInt64?
    private let hasTokenSource: Bool
    private var askedAgain = false
    private let policy: ReconnectPolicy
    private var backoff: Backoff

    init(_ missed: Missed, policy: ReconnectPolicy, hasTokenSource: Bool) {
        after = missed.after
        to = missed.to
        self.policy = policy
        self.hasTokenSource = hasTokenSource
        backoff = Backoff(policy: policy)
    }

    var first: Action { .fetch(after: after) }

    /// The events of this page have been handed over.
    mutating func handedOver(_ page: HistoryPage) -> Action {
        askedAgain = false
        backoff = Backoff(policy: policy)
        // Behind `to` come those that arrived late with a lower id; what has a higher one comes live as well.
        let hasReachedLive = to.map { to in page.events.contains { $0.id.rawValue > to } } ?? false
        guard page.more, !hasReachedLive else { return .finished }
        // There is more, and the page leads nowhere: whoever answers makes no sense.
        guard let last = page.events.last?.id.rawValue, last != after else { return .giveUp }
        after = last
        return .fetch(after: last)
    }

    /// - Parameter jitter: a random number in 0…1.
    mutating func failed(_ error: any Error, jitter: Double) -> Action {
        switch error {
        case let refusal as HTTPRefusal where refusal.status == 401 && hasTokenSource && !askedAgain:
            askedAgain = true
            return .renewToken(after: after)
        case let refusal as HTTPRefusal where !refusal.isTemporary:
            return .giveUp
        case let refusal as HTTPRefusal:
            return .wait(backoff.next(asked: refusal.retryAfter, jitter: jitter))
        case is HistoryPage.Malformed:
            return .giveUp
        default:
            return .wait(backoff.next(jitter: jitter))
        }
    }

    /// No new token was to be had; the next refusal asks for one again.
    mutating func gotNoToken(jitter: Double) -> Action {
        askedAgain = false
        return .wait(backoff.next(jitter: jitter))
    }
}
