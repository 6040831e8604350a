import NIOCore
import TributaryCore
import TributaryProtocol

extension RedisClusterRelay {
    public func subscribe(to topics: [Topic]) -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        let names = topics.map { $0.name(prefix: configuration.prefix) }
        if let name = names.first(where: control.covers) {
            return eventLoop.makeFailedFuture(RelayError.refused("\(name) is the hub's own channel"))
        }
        for (topic, name) in zip(topics, names) {
            wanted.insert(topic)
            plan.insert(topic)
            self.topics.insert(topic, name: name)
            self.topics.insert(topic, name: topic.shardName(prefix: configuration.prefix))
        }
        updateStatus { $0.subscriptions = wanted.count }
        guard !topics.isEmpty else { return eventLoop.makeSucceededVoidFuture() }
        guard let bus, bus.failure == nil, let map = router.map else { return missed("no connection") }
        var confirmations = [bus.subscribe(names)]
        for (host, names) in ShardPlan(topics, prefix: configuration.prefix).names(session: session, map: map) {
            guard let shard = shard(at: host) else { return missed("no connection to \(host)") }
            confirmations.append(shard.subscribe(Array(names)))
        }
        let uncovered = topics.contains { topic in
            topic.project.map { map.owner(of: HashSlot.of($0.rawValue)) == nil } ?? false
        }
        if uncovered { return missed("no server has the project's slot") }
        let all = EventLoopFuture.andAllSucceed(confirmations, on: eventLoop)
        all.assumeIsolated().whenFailure { _ in self.hasMissed = true }
        return all
    }

    /// The topics stay wanted.
    private func missed(_ cause: String) -> EventLoopFuture<Void> {
        hasMissed = true
        return eventLoop.makeFailedFuture(RelayError.unavailable(status.lastError ?? cause))
    }

    public func unsubscribe(from topics: [Topic]) {
        eventLoop.assertInEventLoop()
        for topic in topics where wanted.remove(topic) != nil {
            let (plain, sharded) = (
                topic.name(prefix: configuration.prefix), topic.shardName(prefix: configuration.prefix)
            )
            self.topics.remove(name: plain)
            self.topics.remove(name: sharded)
            bus?.unsubscribe([plain])
            let isLast = plan.remove(topic)
            guard let project = topic.project else { continue }
            let sessions = isLast ? (formerSessions + [session]).map { ShardPlan.session($0, of: project) } : []
            for shard in shards.values { shard.unsubscribe([sharded] + sessions) }
        }
        updateStatus { $0.subscriptions = wanted.count }
    }

    /// The connection to a master, opened if there is none; `nil` while the next attempt has to wait.
    func shard(at host: RedisHost) -> ClusterSubscriber? {
        if let shard = shards[host] { return shard.failure == nil ? shard : nil }
        guard retryTimer == nil, !isStopped else { return nil }
        let shard = ClusterSubscriber(.sharded, at: host, on: eventLoop) { [weak self] event in
            self?.heard(event, from: host)
        }
        shards[host] = shard
        open(shard, control: "")
        return shard
    }

    /// Brings the subscriptions to where the slots are.
    func reconcile() {
        guard let map = router.map, !isStopped, retryTimer == nil else { return }
        if bus == nil { openBus(map) }
        let names = plan.names(session: session, map: map)
        for (host, shard) in shards where !shard.names.isSubset(of: held(names[host] ?? [])) {
            // Its slots are another's now, and a master that became a replica has nothing new to say for long.
            shard.fail(.connectionLost("the slots of \(host) have been moved"))
        }
        guard retryTimer == nil else { return }
        for (host, names) in names {
            guard let shard = shard(at: host) else { continue }
            // Those that are subscribed already are confirmed at once.
            shard.subscribe(Array(names)).whenComplete { _ in }
        }
        checkReady()
    }

    /// What a master may have beside the present names: those of former sessions.
    private func held(_ names: Set<String>) -> Set<String> {
        var held = names
        for name in names where name.hasPrefix(session + ":") {
            for former in formerSessions { held.insert(former + name.dropFirst(session.count)) }
        }
        return held
    }
}
