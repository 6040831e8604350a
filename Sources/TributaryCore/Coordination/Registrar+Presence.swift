import NIOCore
import TributaryProtocol

/// Who is there because of this node's streams.
extension Registrar {
    func notePresence(of owner: StreamOwner) {
        presenceChanges.insert(owner)
        scheduleFlush()
    }

    func flushPresence() -> [EventLoopFuture<Void>] {
        guard !presenceChanges.isEmpty else { return [] }
        let changes = presenceChanges
        presenceChanges = []
        var joins: [ProjectID: [PresentUser]] = [:]
        var leaves: [ProjectID: [UserID]] = [:]
        for owner in changes {
            if let user = presentUser(owner) {
                joins[owner.project, default: []].append(user)
            } else {
                leaves[owner.project, default: []].append(owner.user)
            }
        }
        let joined = joins.flatMap { project, users in join(users, of: project) }
        let deadline = eventLoop.now + .milliseconds(Int64(coordination.times.offlineGrace)) + Self.sweepMargin
        let left = leaves.flatMap { project, users in
            sweeps.append((project, deadline))
            return users.chunks(of: Self.usersPerCall).map {
                watch(coordination.leave(Array($0), of: project, on: node))
            }
        }
        return joined + left
    }

    /// 250 ms: by then the store, which counts from when it heard of it, agrees that the time is over.
    private static let sweepMargin = TimeAmount.milliseconds(250)

    /// 500 users: a script that takes a few milliseconds at most.
    private static let usersPerCall = 500

    private func presentUser(_ owner: StreamOwner) -> PresentUser? {
        guard let place = open(owner).first, !place.isAnonymous else { return nil }
        return PresentUser(id: owner.user, type: place.userType)
    }

    private func join(_ users: [PresentUser], of project: ProjectID) -> [EventLoopFuture<Void>] {
        users.chunks(of: Self.usersPerCall).map { watch(coordination.join(Array($0), of: project, on: node)) }
    }

    /// Says of the users of some projects that they are here, and tells who of them has gone.
    func refreshPresence(slot: Int) {
        var users: [ProjectID: [PresentUser]] = [:]
        for owner in owners.keys where Self.slot(of: owner.project) == slot {
            // Where nobody has a name, others may have gone whose nodes are dead.
            users[owner.project, default: []] += presentUser(owner).map { [$0] } ?? []
        }
        guard !users.isEmpty else { return }
        for (project, users) in users { _ = join(users, of: project) }
        watch(coordination.sweep(Array(users.keys)))
    }

    /// Tells who has gone offline where somebody left a while ago.
    func sweepDue() {
        let now = eventLoop.now
        let due = sweeps.prefix { $0.deadline <= now }.count
        guard due > 0 else { return }
        let projects = Set(sweeps.prefix(due).map(\.project))
        sweeps.removeFirst(due)
        watch(coordination.sweep(Array(projects)))
    }
}
