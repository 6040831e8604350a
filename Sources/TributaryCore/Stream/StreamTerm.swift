/// How long a stream stays open, by its lease and by its age. Decides only: its shard asks it whenever it looks at the
/// stream, and acts.
///
/// An object of its own, which only streams have that something limits: there are tens of thousands. Lives on its
/// shard's event loop.
final class StreamTerm {
    /// What is to be done with the stream now.
    enum Step {
        case nothing
        /// Somebody is to be asked again. The answer goes to ``answer(_:to:now:)`` with this number.
        case ask(StreamLease.Review, number: UInt32)
        case end(StreamCloseReason)
    }

    /// What the answer to a review means.
    enum Outcome: Equatable {
        /// The stream has been renewed since it was asked for: that was judged later.
        case isOutdated
        /// The stream goes on, with no more than these channels of those that it was asked for.
        case goesOn(ChannelSet)
        case ends(StreamCloseReason)
    }

    private(set) var lease = StreamLease()
    /// When the review is due, in milliseconds since 1970: a little before the lease's own time.
    private(set) var reviewDue: UInt64?
    /// The wheel's tick at which the stream is as old as it may get.
    private let lastTick: UInt32?
    private var isAsking = false
    /// Who is asked was asked for an earlier credential: what it says of that one's end does not hold.
    private var isReviewInherited = false
    /// Tells the answers to this lease's review from those to an earlier one's.
    private var number: UInt32 = 0

    /// 1 s: an application that gives no time at all is not asked with every tick.
    private static let shortestPause: UInt64 = 1_000

    /// - Returns: `nil` if nothing limits the stream's time.
    init?(_ lease: StreamLease, lastTick: UInt32?, now: Instant) {
        guard lease.expiresAt != nil || lease.review != nil || lastTick != nil else { return nil }
        self.lastTick = lastTick
        take(lease, now: now)
    }

    /// For a stream whose time nothing limited before; what does now comes with ``renew(_:now:)``.
    init() {
        lastTick = nil
    }

    /// Whether the credential has ended.
    func isOver(now: Instant) -> Bool { lease.expiresAt.map { $0 <= now } ?? false }

    /// What is due; a review is given out once.
    func step(now: Instant, tick: UInt32) -> Step {
        if isOver(now: now) { return .end(.authExpired) }
        if let lastTick, lastTick <= tick { return .end(.maxAge) }
        guard !isAsking, let review = lease.review, let reviewDue, reviewDue <= now.milliseconds else {
            return .nothing
        }
        isAsking = true
        return .ask(review, number: number)
    }

    /// Somebody who was asked has answered.
    func answer(_ renewal: StreamLease.Renewal, to number: UInt32, now: Instant) -> Outcome {
        guard isAsking, number == self.number else { return .isOutdated }
        switch renewal {
        case .revoked:
            // It may have been the earlier credential that is good for nothing; with the new one the client finds out.
            return .ends(isReviewInherited ? .authExpired : .revoked)
        case .expired:
            return .ends(.authExpired)
        case .granted(var granted, let channels):
            if isReviewInherited { granted.expiresAt = lease.expiresAt }
            take(granted, now: now)
            return .goesOn(channels)
        }
    }

    /// The stream's user has shown a new credential.
    func renew(_ renewal: StreamRenewal, now: Instant) {
        var new = StreamLease(expiresAt: renewal.expiresAt)
        let ask = renewal.ask ?? lease.review?.ask
        if let at = renewal.reviewAt, let ask {
            new.review = StreamLease.Review(at: at, ask: ask)
        } else if let at = renewal.reviewAt, renewal.expiresAt.map({ at < $0 }) ?? true {
            // Nobody here can ask, so the client has to come back to be judged anew.
            new.expiresAt = at
        }
        isReviewInherited = renewal.ask == nil && new.review != nil
        take(new, now: now)
    }

    /// The tick at which the stream has to be looked at again, if not before: within one turn of the wheel, so that what
    /// is due later is looked at more than once.
    func nextLook(now: Instant, tick: UInt32) -> UInt32? {
        var look = lastTick
        for moment in [lease.expiresAt?.milliseconds, isAsking ? nil : reviewDue] {
            guard let moment else { continue }
            look = min(look ?? .max, tick + Self.ticks(until: moment, from: now.milliseconds))
        }
        return look
    }

    private func take(_ lease: StreamLease, now: Instant) {
        self.lease = lease
        isAsking = false
        number &+= 1
        reviewDue = lease.review.map { review in
            let rest = review.at.milliseconds - min(review.at.milliseconds, now.milliseconds)
            // Up to a tenth early: streams that opened together are not asked for together.
            return now.milliseconds + max(Self.shortestPause, rest - UInt64.random(in: 0...rest / 10))
        }
    }

    private static func ticks(until moment: UInt64, from now: UInt64) -> UInt32 {
        let tick = UInt64(HeartbeatWheel.tickMilliseconds)
        let rest = min(moment - min(moment, now), tick * UInt64(HeartbeatWheel.turnTicks))
        return UInt32((rest + tick - 1) / tick)
    }
}
