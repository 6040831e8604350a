import NIOCore
import TributaryProtocol

/// Keeps what the application answered for as long as it holds. Decides only.
struct AuthorizationCache: Sendable {
    private struct Entry {
        var answer: ApplicationAnswer
        var askedAt: NIODeadline
        var endsAt: NIODeadline
    }

    /// 10,000: some 3 MB, and enough for the users of a node.
    static let defaultLimit = 10_000

    private let limit: Int
    private var entries: [AuthorizationKey: Entry] = [:]

    init(limit: Int = defaultLimit) {
        self.limit = limit
    }

    var count: Int { entries.count }

    /// - Parameter moment: only what was asked after it counts.
    func answer(to key: AuthorizationKey, askedAfter moment: NIODeadline?, now: NIODeadline) -> ApplicationAnswer? {
        guard let entry = entries[key], entry.endsAt > now else { return nil }
        if let moment, entry.askedAt <= moment { return nil }
        return entry.answer
    }

    mutating func keep(_ answer: ApplicationAnswer, for key: AuthorizationKey, askedAt: NIODeadline, now: NIODeadline) {
        let entry = Entry(answer: answer, askedAt: askedAt, endsAt: askedAt + answer.lifetime)
        guard entry.endsAt > now else { return entries[key] = nil }
        if entries.count >= limit, entries[key] == nil { makeRoom(now: now) }
        entries[key] = entry
    }

    /// Forgets what was said of a user, by whatever it is known, in a project or in all.
    mutating func forget(_ user: UserID, in project: ProjectID?) {
        entries = entries.filter { key, entry in
            guard project == nil || key.project == project else { return true }
            if case .allowed(let verdict) = entry.answer, verdict.user == user { return false }
            return key.who != .user(user)
        }
    }

    /// Takes out what is over; if that is not enough, a tenth of all, those that would be over first, so that a flood pays for the
    /// search once in a while only.
    private mutating func makeRoom(now: NIODeadline) {
        entries = entries.filter { $1.endsAt > now }
        let room = max(1, limit / 10)
        let excess = entries.count - (limit - room)
        guard excess > 0 else { return }
        for (key, _) in entries.sorted(by: { $0.value.endsAt < $1.value.endsAt }).prefix(excess) { entries[key] = nil }
    }
}
