import DequeModule
import NIOCore
import TributaryProtocol

/// The users whose streams were closed lately because they may not read any more. A stream that was being judged at that
/// time comes in with an answer of before. Lives on its registrar's event loop.
struct RecentRevocations {
    private struct Revocation {
        let user: UserID
        let project: ProjectID?
        let at: NIODeadline
    }

    /// 30 s: longer than anybody takes to judge a stream.
    private static let memory = TimeAmount.seconds(30)
    /// 10,000: some megabytes at the most, should an operator's script run wild.
    private static let limit = 10_000

    /// In the order of time.
    private var revocations: Deque<Revocation> = []

    /// - Parameter project: `nil` is all of the user's.
    mutating func note(_ user: UserID, in project: ProjectID?, now: NIODeadline) {
        while let oldest = revocations.first, revocations.count >= Self.limit || oldest.at + Self.memory < now {
            revocations.removeFirst()
        }
        revocations.append(Revocation(user: user, project: project, at: now))
    }

    /// Whether the owner's streams were closed since `moment`.
    func include(_ owner: StreamOwner, since moment: NIODeadline) -> Bool {
        // Nothing to look at for most: judging takes no time where nobody else is asked.
        for revocation in revocations.reversed() {
            guard revocation.at >= moment else { return false }
            let isMeant = revocation.project == nil || revocation.project == owner.project
            if isMeant, revocation.user == owner.user { return true }
        }
        return false
    }
}
