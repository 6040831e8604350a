import NIOCore
import TributaryProtocol

/// Tells streams that have just begun who is there.
extension Intake {
    /// Streams of a shard want to know who is there in a project. From any thread.
    func snapshot(_ project: ProjectID, for shard: Shard) {
        relay.eventLoop.perform { [self] in
            guard let route = projects[project], route.snapshots.want(shard: shard.index) else { return }
            ask(route)
        }
    }

    private func ask(_ route: ProjectRoute) {
        let asked = relay.eventLoop.now
        members(route.id).hop(to: relay.eventLoop).assumeIsolated().whenComplete { [weak route] result in
            guard let route else { return }
            var pause = TimeAmount.seconds(1)
            switch result {
            case .success(let members):
                // What was heard before it stands before it.
                self.flush()
                let (waiting, heard) = route.snapshots.answered()
                var frames = self.frames.presenceSnapshot(route.id, members)
                frames.writeImmutableBuffer(heard)
                let (project, snapshot) = (route.id, frames)
                for shard in self.shards where waiting.contains(shard.index) {
                    shard.eventLoop.perform { shard.tellPresence(project, snapshot) }
                }
                // A large project's answer takes its time: as long again is left to everything else, twice over.
                pause = (self.relay.eventLoop.now - asked) * 2
            case .failure:
                route.snapshots.failed()
            }
            self.relay.eventLoop.assumeIsolated().scheduleTask(in: pause) { [weak route] in
                if let route, route.snapshots.rest() { self.ask(route) }
            }
        }
    }
}
