import Logging
import NIOCore
import TributaryCore
import TributaryProtocol

/// Making, losing and remaking the connections. All of it on the relay's event loop.
extension RedisClusterRelay {
    func start() {
        guard !isStopped, !isRunning else { return }
        isRunning = true
        beginSession()
        router.mapChanged = { [weak self] in self?.reconcile() }
        router.start { [weak self] result in
            guard let self, !isStopped else { return }
            switch result {
            case .success: checkReady()
            case .failure(let error): note(error)
            }
        }
    }

    func stop() {
        guard !isStopped else { return }
        isStopped = true
        isRunning = false
        retryTimer?.cancel()
        probeTimer?.cancel()
        updateStatus { status in
            status.isConnected = false
            status.lastError = "stopped"
        }
        let subscribers = [bus].compactMap(\.self) + shards.values
        let closed = subscribers.compactMap(\.closeFuture)
        for subscriber in subscribers { subscriber.fail(.closed) }
        EventLoopFuture.andAllComplete(closed + [router.stop()], on: eventLoop).assumeIsolated().whenComplete { _ in
            self.finish()
        }
    }

    func openBus(_ map: SlotMap) {
        let hosts = router.masters.map(\.host).isEmpty ? map.masters : router.masters.map(\.host)
        guard !hosts.isEmpty else { return }
        let host = hosts[attempts % hosts.count]
        attempts += 1
        let own = "\(session):probe-\(attempts)"
        let bus = ClusterSubscriber(.plain, at: host, on: eventLoop) { [weak self] event in
            self?.heard(event, from: nil)
        } probed: { [weak self] payload in
            if self?.probe.received(payload) == true { self?.probeReturned() }
        }
        self.bus = bus
        probeName = own
        let names = wanted.map { $0.name(prefix: configuration.prefix) }
        bus.subscribe([own, control.all, control.own] + names).whenComplete { _ in }
        open(bus, control: own)
    }

    /// 64 KiB a read, one batch for the streams.
    private static let readBytes = 64 << 10

    func open(_ subscriber: ClusterSubscriber, control own: String) {
        guard let receiver = attached else {
            return subscriber.fail(.connectFailed("no receiver is attached to the relay"))
        }
        let redis = configuration.redis.server(subscriber.host)
        do {
            let (topics, nodes) = (NIOLoopBound(topics, eventLoop: eventLoop), [control.all, control.own])
            let maximumPayloadBytes = configuration.maximumEnvelopeBytes
            subscriber.open(
                try RedisConnector(redis), timeout: redis.handshakeTimeoutMilliseconds,
                recvAllocator: FixedSizeRecvByteBufferAllocator(capacity: Self.readBytes)
            ) { loop in
                try RedisSubscriberHandler(
                    configuration: redis, eventLoop: loop, topics: topics.value, receiver: receiver, control: own,
                    nodes: own.isEmpty ? [] : nodes, maximumPayloadBytes: maximumPayloadBytes)
            }
        } catch {
            subscriber.fail(.connectFailed("\(error)"))
        }
    }

    /// - Parameter host: the master; `nil` is the connection for plain names.
    func heard(_ event: ClusterSubscriber.Event, from host: RedisHost?) {
        switch event {
        case .restored: checkReady()
        case .refused(let name, let text):
            guard refusals.shouldLog("\(name) \(text)", now: RedisRelay.now) else { break }
            logger.warning("Redis refuses a subscription", metadata: ["channel": "\(name)", "error": "\(text)"])
        case .ended(let error): ended(host, error)
        }
    }

    private func ended(_ host: RedisHost?, _ error: RedisError) {
        let subscriber = host.map { shards.removeValue(forKey: $0) } ?? bus
        if host == nil { bus = nil }
        guard !isStopped else { return }
        note(error)
        if hasConnected { hasMissed = true }
        if subscriber?.wasRestored == true { renewSession(keepsFormer: host != nil) }
        if bus == nil, shards.isEmpty, hasConnected, !hasToldLoss {
            hasToldLoss = true
            hasMissed = true
            attached?.relayDisconnected()
        }
        router.refresh()
        if let readyAt {
            backoff.connectionLived(milliseconds: Int((.now() - readyAt).nanoseconds / 1_000_000))
            self.readyAt = nil
        }
        guard retryTimer == nil else { return }
        let delay = min(backoff.next(using: &generator), Self.longestDelay)
        retryTimer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(delay))) {
            self.retryTimer = nil
            self.reconcile()
        }
    }

    /// Names the subscriptions anew, so that the log knows from when on they are heard again.
    ///
    /// - Parameter keepsFormer: at the other masters nothing was missed: for a while whoever listens is known there by both
    ///   names. Not without the connection for plain names, which are every project's.
    private func renewSession(keepsFormer: Bool) {
        beginSession()
        if !keepsFormer || formerSessions.count > Self.maximumSessions { endSessions(formerSessions) }
        guard let map = router.map else { return }
        for (host, names) in plan.names(session: session, map: map) {
            shards[host]?.subscribe(names.filter { $0.hasPrefix(session + ":") }).whenComplete { _ in }
        }
    }

    /// 8: where more is lost between two probes, a lapse is marked that was none.
    private static let maximumSessions = 8

    /// 2 s: of several masters one that fails must not be away much longer than its failover takes.
    private static let longestDelay = 2_000

    private func note(_ error: RedisError) {
        isReady = false
        let text = "\(error)"
        updateStatus { status in
            status.isConnected = false
            status.lastError = text
        }
        if failures.shouldLog(text, now: RedisRelay.now) {
            logger.warning(
                "not all of the Redis Cluster can be reached, will keep trying",
                metadata: ["redis": "\(configuration.redis)", "error": "\(text)"])
        }
    }

    /// Whether everything that is wanted is subscribed, and every master takes commands.
    func checkReady() {
        guard !isReady, !isStopped, router.isWhole, retryTimer == nil, let bus, bus.isRestored, let map = router.map,
            shards.values.allSatisfy(\.isRestored),
            plan.names(session: session, map: map).keys.allSatisfy({ shards[$0] != nil })
        else { return }
        isReady = true
        readyAt = .now()
        sendProbe()
    }

    private func becomeConnected() {
        failures.reset()
        updateStatus { status in
            status.isConnected = true
            status.lastError = nil
            if hasConnected { status.reconnectsTotal += 1 }
        }
        let isFirst = !hasConnected
        hasConnected = true
        logger.info("connected to Redis", metadata: ["redis": "\(configuration.redis)"])
        guard hasMissed else { return }
        hasMissed = false
        if !hasToldLoss, !isFirst { attached?.relayDisconnected() }
        hasToldLoss = false
        attached?.relayReconnected()
    }

    // MARK: Probe

    /// Sends a token through the cluster to the connection for plain names, and asks the others whether they live.
    private func sendProbe() {
        probeTimer?.cancel()
        let token = probe.begin()
        probeTimer = eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            self.bus?.fail(.timeout("pub/sub is silent: the probe did not come back"))
        }
        let command = RedisCommand("PUBLISH", .string(probeName), .bytes(ByteBuffer(string: token)))
        for answer in router.send([command]) { answer.whenComplete { _ in } }
        for shard in shards.values { shard.ping(timeout: configuration.probeTimeoutMilliseconds) }
        bus?.ping(timeout: configuration.probeTimeoutMilliseconds)
    }

    private var timeout: TimeAmount { .milliseconds(Int64(configuration.probeTimeoutMilliseconds)) }

    private func probeReturned() {
        updateStatus { $0.probedAt = .now() }
        probeTimer?.cancel()
        if isReady {
            if !status.isConnected { becomeConnected() }
            endFormerSessions()
        }
        probeTimer = eventLoop.assumeIsolated().scheduleTask(
            in: .milliseconds(Int64(configuration.probeIntervalMilliseconds))
        ) {
            self.sendProbe()
        }
    }

    /// A round of the probe after the receiver could tell the log of the new name, the old ones are of no use.
    private func endFormerSessions() {
        let ended = formerSessions.filter { oldSessions.contains($0) }
        oldSessions = Set(formerSessions).subtracting(ended)
        endSessions(ended)
    }

    private func endSessions(_ ended: [String]) {
        guard !ended.isEmpty else { return }
        formerSessions = formerSessions.filter { !ended.contains($0) }
        for shard in shards.values {
            shard.unsubscribe(shard.names.filter { name in ended.contains { name.hasPrefix($0 + ":") } })
        }
    }
}
