/// Decides when the issuer's keys are fetched. Times are milliseconds of a clock that only goes forward.
struct JWKSRefresh: Sendable, Equatable {
    /// What to do for a token.
    enum Decision: Sendable, Equatable {
        /// Verify with the keys that there are.
        case use
        /// The same, and fetch meanwhile: the keys have got old.
        case useAndFetch
        /// Fetch, then look again.
        case fetch
        /// Somebody fetches already: wait for that, then look again.
        case join
        /// The issuer was asked just now, and the key is none of its.
        case unknown
        /// The issuer could not be asked: nobody knows.
        case unavailable(milliseconds: Int64)
    }

    /// 1 min: a key that is unknown may be a new one, or anything that somebody made up; the issuer is not made to pay for that.
    static let pause: Int64 = 60_000
    /// 5 s: without any key nobody can come in, so a first answer is asked for more often.
    static let firstPause: Int64 = 5_000
    /// 1 h: by then a key that the issuer took back is not believed any more.
    static let maximumAge: Int64 = 3_600_000

    private var begunAt: Int64?
    private var fetchedAt: Int64?
    private var hasFailed = false
    private var isUnderWay = false

    /// Where the decision is to fetch, that has begun: ``ended(success:at:)`` has to follow.
    ///
    /// - Parameter isKnown: there is a key that the token could have been signed with.
    mutating func decide(isKnown: Bool, at now: Int64) -> Decision {
        let due = begunAt.map { $0 + (fetchedAt == nil ? Self.firstPause : Self.pause) } ?? now
        if isKnown {
            guard let fetchedAt, now - fetchedAt >= Self.maximumAge, now >= due, !isUnderWay else { return .use }
            begin(at: now)
            return .useAndFetch
        }
        if isUnderWay { return .join }
        if now >= due {
            begin(at: now)
            return .fetch
        }
        return hasFailed ? .unavailable(milliseconds: due - now) : .unknown
    }

    /// What to do for the token once the fetch has ended that ``Decision/fetch`` or ``Decision/join`` waited for.
    func decideAfterwards(isKnown: Bool, at now: Int64) -> Decision {
        if isKnown { return .use }
        guard hasFailed, let begunAt else { return .unknown }
        let due = begunAt + (fetchedAt == nil ? Self.firstPause : Self.pause)
        return .unavailable(milliseconds: max(0, due - now))
    }

    mutating func ended(success: Bool, at now: Int64) {
        isUnderWay = false
        hasFailed = !success
        if success { fetchedAt = now }
    }

    private mutating func begin(at now: Int64) {
        begunAt = now
        isUnderWay = true
    }
}
