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
                watch(coordination.leave(Array($0), of: project, on: node)) { wasKnown in
                    if !wasKnown { self.notice(forgotten: project) }
                }
            }
        }
        return joined + left
    }

    /// 250 ms: by then the store, which counts from when it heard of it, agrees that the time is over.
    private static let sweepMargin = TimeAmount.milliseconds(250)

    /// 500 users: no store has to do with one call for long.
    private static let usersPerCall = 500

    private func presentUser(_ owner: StreamOwner) -> PresentUser? {
        guard let place = owners[owner]?.first(where: \.isLetIn), !place.isAnonymous else { return nil }
        return PresentUser(id: owner.user, type: place.userType)
    }

    private func join(_ users: [PresentUser], of project: ProjectID) -> [EventLoopFuture<Void>] {
        users.chunks(of: Self.usersPerCall).map {
            watch(coordination.join(Array($0), of: project, on: node)) { wasKnown in
                if !wasKnown { self.notice(forgotten: project) }
                self.presentProjects.insert(project)
            }
        }
    }

    /// Says of the users of some projects that they are here, and tells who of them has gone.
    func refreshPresence(slot: Int) {
        var users: [ProjectID: [PresentUser]] = [:]
        for owner in owners.keys where Self.slot(of: owner.project) == slot {
            // Where nobody has a name, others may have gone whose nodes are dead.
            users[owner.project, default: []] += presentUser(owner).map { [$0] } ?? []
        }
        presentProjects = presentProjects.filter { Self.slot(of: $0) != slot || users[$0]?.isEmpty == false }
        guard !users.isEmpty else { return }
        for (project, users) in users { _ = join(users, of: project) }
        watch(coordination.sweep(Array(users.keys)))
    }

    // MARK: After a wipe

    /// The store did not know anybody in a project. If it did once, it was wiped: of whoever left since, and leaves before all
    /// nodes have said again who is there, nobody would be told.
    private func notice(forgotten project: ProjectID) {
        guard presentProjects.contains(project), !renewals.contains(project) else { return }
        var message = NodeMessage(from: node)
        message.forgotten = [project.rawValue]
        tell(message, nil)
        renewPresence(of: [project])
    }

    /// Says again who is there; when the other nodes have as well, those who watch are told anew.
    func renewPresence(of projects: [ProjectID]) {
        let new = projects.filter { renewals.insert($0).inserted }
        guard !new.isEmpty else { return }
        let isFirst = renewals.count == new.count
        if isFirst { eventLoop.assumeIsolated().scheduleTask(in: Self.renewalPause) { self.renew() } }
    }

    /// 100 ms: after a wipe one project after the other is found empty; a node looks through its users once for many of them.
    private static let renewalPause = TimeAmount.milliseconds(100)
    /// 1 s: by then every node has heard of it, and its users are in the store.
    private static let renewalTime = TimeAmount.seconds(1)

    private func renew() {
        let projects = renewals
        var users: [ProjectID: [PresentUser]] = [:]
        for owner in owners.keys where projects.contains(owner.project) {
            if let user = presentUser(owner) { users[owner.project, default: []].append(user) }
        }
        for (project, users) in users { _ = join(users, of: project) }
        eventLoop.assumeIsolated().scheduleTask(in: Self.renewalTime) {
            for shard in self.shards {
                shard.eventLoop.perform { for project in projects { shard.renewPresence(of: project) } }
            }
            self.renewals.subtract(projects)
            // Noticed since.
            if !self.renewals.isEmpty { self.renew() }
        }
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
