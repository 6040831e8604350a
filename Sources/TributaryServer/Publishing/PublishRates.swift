import TributaryProtocol

/// How fast a credential, an address and a project may publish; decides for each event. Each event takes one token of each.
struct PublishRates: Sendable {
    /// What was too fast.
    enum Limit: String, Sendable {
        case user, address, project
    }

    struct Refusal: Equatable, Sendable {
        var limit: Limit
        /// When it is worth another try.
        var retryMilliseconds: Int
    }

    private var users: TokenBuckets<String>?
    private var addresses: TokenBuckets<String>?
    private var projects: TokenBuckets<ProjectID>?

    init(_ configuration: PublishingConfiguration) {
        users = configuration.ratePerUser > 0 ? TokenBuckets(perSecond: configuration.ratePerUser) : nil
        addresses = configuration.ratePerAddress > 0 ? TokenBuckets(perSecond: configuration.ratePerAddress) : nil
        projects = configuration.ratePerProject > 0 ? TokenBuckets(perSecond: configuration.ratePerProject) : nil
    }

    /// Takes a token of who sends an event and of where from, or none.
    ///
    /// - Parameters:
    ///   - user: tells credentials apart; `nil` has no limit, nor has a `nil` address.
    ///   - now: microseconds of any clock that does not go back.
    /// - Returns: `nil` if it may; otherwise the limit that takes longest.
    mutating func take(user: String?, address: String?, now: UInt64) -> Refusal? {
        let ofUser = user.flatMap { users?.wait(for: $0, now: now) } ?? 0
        let ofAddress = address.flatMap { addresses?.wait(for: $0, now: now) } ?? 0
        guard ofUser == 0, ofAddress == 0 else {
            return Self.refusal(ofUser >= ofAddress ? .user : .address, max(ofUser, ofAddress))
        }
        if let user { users?.take(user, now: now) }
        if let address { addresses?.take(address, now: now) }
        return nil
    }

    /// Takes a token of a project. Asked when it is clear that the event may go there: who may not cannot use a project's up.
    mutating func take(project: ProjectID, now: UInt64) -> Refusal? {
        let wait = projects?.wait(for: project, now: now) ?? 0
        guard wait == 0 else { return Self.refusal(.project, wait) }
        projects?.take(project, now: now)
        return nil
    }

    private static func refusal(_ limit: Limit, _ microseconds: UInt64) -> Refusal {
        Refusal(limit: limit, retryMilliseconds: Int(clamping: (microseconds + 999) / 1_000))
    }
}
