import NIOCore

/// Which servers there are, and the connections to them. All of it on the router's event loop.
extension ClusterRouter {
    /// 10 s, as the probes: what moved while nobody asked is known before it is needed.
    private static let refreshInterval = TimeAmount.seconds(10)

    /// 100 ms: however many commands are sent elsewhere, the slots are asked for once.
    private static let refreshPause = TimeAmount.milliseconds(100)

    /// Asks one of the servers for the slots; one question at a time.
    func refresh() {
        guard !isStopped else { return }
        guard !isRefreshing else {
            mustRefreshAgain = true
            return
        }
        timer?.cancel()
        if let refreshedAt, .now() - refreshedAt < Self.refreshPause {
            timer = eventLoop.assumeIsolated().scheduleTask(deadline: refreshedAt + Self.refreshPause) {
                self.refresh()
            }
            return
        }
        isRefreshing = true
        readSlots().assumeIsolated().whenComplete { result in
            self.isRefreshing = false
            self.refreshedAt = .now()
            guard !self.isStopped else { return }
            switch result {
            case .success(let map): self.adopt(map)
            case .failure(let error):
                self.lastError = error as? RedisError ?? .connectFailed("\(error)")
                self.changed(.failure(self.lastError))
            }
            self.scheduleRefresh()
        }
    }

    private func scheduleRefresh() {
        var delay = Self.refreshInterval
        if mustRefreshAgain || !isWhole {
            delay = .milliseconds(Int64(min(backoff.next(using: &generator), 1_000)))
        } else {
            backoff = ReconnectBackoff()
        }
        mustRefreshAgain = false
        timer = eventLoop.assumeIsolated().scheduleTask(in: delay) { self.refresh() }
    }

    /// Every server in turn: one that is cut off from the others holds an old view.
    private func readSlots() -> EventLoopFuture<SlotMap> {
        let known = map?.masters ?? []
        let hosts = known + seeds.filter { !known.contains($0) }
        guard !hosts.isEmpty else { return readSlots(from: []) }
        asked += 1
        let first = asked % hosts.count
        return readSlots(from: Array(hosts[first...] + hosts[..<first])[...])
    }

    private func readSlots(from hosts: ArraySlice<RedisHost>) -> EventLoopFuture<SlotMap> {
        guard let host = hosts.first else {
            return eventLoop.makeFailedFuture(RedisError.connectFailed("no server of the cluster answers"))
        }
        let ask = { @Sendable (connection: RedisConnection) in
            let slots = connection.send(RedisCommand("CLUSTER", "SLOTS"))
            // Whoever may not ask that does without.
            let info = connection.send(RedisCommand("CLUSTER", "INFO")).recover { _ in .null }
            return EventLoopFuture.whenAllSucceed([slots, info], on: self.eventLoop)
        }
        let answer: EventLoopFuture<[RESPValue]>
        if let connection = nodes[host]?.connection {
            answer = ask(connection)
        } else {
            answer = connector(host).flatMap { RedisConnection.open($0, on: self.eventLoop) }.flatMap { connection in
                ask(connection).always { _ in connection.closeNow() }
            }
        }
        return answer.flatMapThrowing { replies in
            let epoch = Self.epoch(in: replies[1].string ?? "") ?? self.epoch
            // One that is cut off from the others; all of them are, if no one knows better.
            if epoch < self.epoch, hosts.count > 1 { throw RedisError.connectFailed("\(host) has an old view") }
            let map = try SlotMap(replies[0], asked: host)
            self.epoch = epoch
            return map
        }.flatMapError { error in
            guard hosts.count > 1 else { return self.eventLoop.makeFailedFuture(error) }
            return self.readSlots(from: hosts.dropFirst())
        }
    }

    private static func epoch(in info: String) -> Int64? {
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cluster_current_epoch:") }
        return line.flatMap { Int64($0.drop { $0 != ":" }.dropFirst()) }
    }

    private func connector(_ host: RedisHost) -> EventLoopFuture<RedisConnector> {
        eventLoop.makeCompletedFuture { try RedisConnector(self.configuration.server(host)) }
    }

    private func adopt(_ map: SlotMap) {
        let hasChanged = map != toldMap
        toldMap = map
        self.map = map
        let masters = map.masters
        for (host, node) in nodes where !masters.contains(host) {
            nodes[host] = nil
            node.stop().whenComplete { _ in }
        }
        for host in masters { open(host) }
        if hasChanged {
            mapChanged()
            tellIfWhole()
        }
    }

    func open(_ host: RedisHost) {
        guard nodes[host] == nil, !isStopped,
            let connector = try? RedisConnector(configuration.server(host))
        else { return }
        let node = LogConnection(connector, on: eventLoop)
        nodes[host] = node
        node.start { [weak self, weak node] result in
            guard let self, nodes[host] === node else { return }
            switch result {
            case .success: tellIfWhole()
            case .failure(let error):
                lastError = error
                if map?.masters.contains(host) == true { changed(.failure(error)) }
                refresh()
            }
        }
    }

    /// Every master has a connection.
    var isWhole: Bool { map.map { masters.count == $0.masters.count } ?? false }

    private func tellIfWhole() {
        if isWhole, let first = masters.first { changed(.success(first.connection)) }
    }
}
