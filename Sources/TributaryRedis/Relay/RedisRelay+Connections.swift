import Logging
import NIOCore
import TributaryCore

/// Making, losing and remaking the two connections. All of it on the relay's event loop.
extension RedisRelay: RedisSubscriberDelegate {
    func start() {
        guard !isStopped else { return }
        act(link.start())
    }

    /// Ends both connections, the commands' after the answers it waits for.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        link.stop()
        retryTimer?.cancel()
        subscriberTimer?.cancel()
        updateStatus { $0.isConnected = false }
        updateStatus { $0.lastError = "stopped" }
        var closed = opening.values.map(\.closeFuture)
        for channel in opening.values { channel.close(promise: nil) }
        if let subscriber {
            self.subscriber = nil
            closed += [subscriber.closeFuture].compactMap(\.self)
            subscriber.fail(.closed)
        }
        if let commands {
            self.commands = nil
            closed.append(commands.closeFuture)
            commands.closeWhenAnswered()
        }
        perform(ledger.disconnected())
        EventLoopFuture.andAllComplete(closed, on: eventLoop).assumeIsolated().whenComplete { _ in self.finish() }
    }

    private func act(_ action: RelayLink.Action) {
        switch action {
        case .nothing: break
        case .open(.commands): openCommands()
        case .open(.subscriber): openSubscriber()
        case .wait(let milliseconds):
            retryTimer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) {
                self.act(self.link.retry())
            }
        case .ready: becomeReady()
        }
    }

    private func becomeReady() {
        failures.reset()
        updateStatus { status in
            status.isConnected = true
            status.lastError = nil
            if hasConnected { status.reconnectsTotal += 1 }
        }
        hasConnected = true
        logger.info("connected to Redis", metadata: ["redis": "\(configuration.redis)"])
        if hasMissed {
            hasMissed = false
            attached?.relayReconnected()
        }
    }

    /// An attempt failed or a connection is gone.
    private func lost(_ connection: RelayLink.Connection, _ error: RedisError) {
        guard !isStopped else { return }
        let text = "\(error)"
        updateStatus { status in
            status.isConnected = false
            status.lastError = text
        }
        if failures.shouldLog(text, now: Self.now) {
            logger.warning(
                "no connection to Redis, will keep trying",
                metadata: ["redis": "\(configuration.redis)", "error": "\(text)"]
            )
        }
        act(link.lost(connection, now: Self.now))
    }

    /// Milliseconds of a monotonic clock.
    static var now: Int { Int(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

    // MARK: Commands

    private func openCommands() {
        let connection = RedisConnection.open(connector, on: eventLoop) { self.note(opening: $0) }
        connection.assumeIsolated().whenComplete { result in
            self.opening.removeAll()
            switch result {
            case .failure(let error):
                self.lost(.commands, error as? RedisError ?? .connectFailed("\(error)"))
            case .success(let connection):
                guard !self.isStopped else { return connection.closeNow() }
                self.commands = connection
                self.act(self.link.opened(.commands, now: Self.now))
                // At once, if it has ended in the meantime.
                connection.ended.assumeIsolated().whenSuccess { self.commandsEnded(connection, with: $0) }
            }
        }
    }

    private func commandsEnded(_ connection: RedisConnection, with error: RedisError) {
        guard commands === connection else { return }
        commands = nil
        lost(.commands, error)
        if case .timeout = error {
            // A Redis that does not answer here does not push there either: it hangs.
            subscriber?.fail(error)
        } else if probe.isAwaiting {
            ping()
        }
    }

    // MARK: Subscriber

    private func openSubscriber() {
        guard let receiver = attached else {
            return lost(.subscriber, .connectFailed("no receiver is attached to the relay"))
        }
        let session = beginSession()
        let recvAllocator = FixedSizeRecvByteBufferAllocator(capacity: Self.readBytes)
        let handler = connector.connect(on: eventLoop, recvAllocator: recvAllocator) { channel in
            self.note(opening: channel)
            return try RedisSubscriberHandler(
                configuration: self.configuration.redis,
                eventLoop: channel.eventLoop,
                topics: self.topics,
                receiver: receiver,
                control: session,
                nodes: [self.control.all, self.control.own],
                maximumPayloadBytes: self.configuration.maximumEnvelopeBytes
            )
        }.flatMap { socket in
            let ready: EventLoopFuture<Void> = socket.handler.value.ready.futureResult
            return ready.map { socket.handler }
        }
        handler.assumeIsolated().whenComplete { result in
            self.opening.removeAll()
            switch result {
            case .failure(let error): self.lost(.subscriber, error as? RedisError ?? .connectFailed("\(error)"))
            case .success(let handler): self.restore(on: handler.value)
            }
        }
    }

    /// 64 KiB a read, one batch for the streams.
    private static let readBytes = 64 << 10

    /// Subscribes to everything; when all is confirmed, the first probe decides.
    private func restore(on subscriber: RedisSubscriberHandler) {
        guard !isStopped else { return subscriber.fail(.closed) }
        if let failure = subscriber.failure { return lost(.subscriber, failure) }
        self.subscriber = subscriber
        subscriber.delegate = self
        let own = [session, control.all, control.own]
        unconfirmed = own.count
        setSubscriberTimer(configuration.redis.handshakeTimeoutMilliseconds) { relay in
            relay.subscriber?.fail(.timeout("subscriptions were not confirmed"))
        }
        do {
            subscriber.send(try RedisCommand(arguments: ["SUBSCRIBE"] + own.map { .string($0) }).encoded())
        } catch {
            return subscriber.fail(error)
        }
    }

    func subscriber(_ subscriber: RedisSubscriberHandler, replied reply: PushSink.Reply) {
        guard self.subscriber === subscriber else { return }
        switch reply {
        case .subscribed where unconfirmed > 0:
            unconfirmed -= 1
            guard unconfirmed == 0 else { break }
            ledger.connected()
            flush()
        case .refused(let text) where unconfirmed > 0:
            logger.warning(
                "Redis refuses the node's own channels",
                metadata: ["channels": "\(session), \(control.all), \(control.own)", "error": "\(text)"])
            subscriber.fail(RedisError(serverText: text))
        case .subscribed:
            perform(ledger.confirmed(subscription: true))
        case .unsubscribed:
            perform(ledger.confirmed(subscription: false))
        case .refused(let text):
            let (commands, actions) = ledger.refused(text)
            send(commands)
            perform(actions)
        case .pong:
            if probe.answered() { probeReturned() }
        case .value:
            subscriber.fail(.protocolViolation("a reply that nobody asked for"))
        }
    }

    func subscriber(_ subscriber: RedisSubscriberHandler, endedWith error: RedisError) {
        guard self.subscriber === subscriber else { return }
        self.subscriber = nil
        subscriberTimer?.cancel()
        _ = probe.answered()
        let wasUp = link.isSubscriberUp
        hasMissed = hasMissed || wasUp
        lost(.subscriber, error)
        perform(ledger.disconnected())
        if wasUp { attached?.relayDisconnected() }
    }

    // MARK: Probe

    /// Sends a token through Redis to this node's own channel.
    func sendProbe() {
        let token = probe.begin()
        // While restoring, its deadline counts.
        if link.isSubscriberUp {
            setSubscriberTimer(configuration.probeTimeoutMilliseconds) { relay in
                relay.subscriber?.fail(.timeout("pub/sub is silent: the probe did not come back"))
                // What let no probe through is not to be trusted with events either.
                relay.commands?.closeNow()
            }
        }
        guard let commands else { return ping() }
        let command = RedisCommand("PUBLISH", .string(session), .bytes(ByteBuffer(string: token)))
        commands.send(command).assumeIsolated().whenFailure { error in
            // A connection that was lost is noticed elsewhere; a refusal is for good.
            guard case RedisError.server? = error as? RedisError, let error = error as? RedisError else { return }
            self.subscriber?.fail(error)
        }
    }

    /// Leaves a master that the sentinels no longer call one.
    private func checkMaster() {
        connector.hasMasterMoved(on: eventLoop).assumeIsolated().whenSuccess { hasMoved in
            guard hasMoved, !self.isStopped else { return }
            self.commands?.closeNow()
            self.subscriber?.fail(.connectionLost("another Redis is the master now"))
        }
    }

    /// Without a command connection, an answer at least shows that the subscriber is alive.
    private func ping() {
        guard let ping = try? RedisCommand("PING").encoded() else { return }
        subscriber?.send(ping)
    }

    func subscriber(_ subscriber: RedisSubscriberHandler, probed payload: UnsafeRawBufferPointer) {
        guard self.subscriber === subscriber, probe.received(payload) else { return }
        probeReturned()
    }

    private func probeReturned() {
        updateStatus { $0.probedAt = .now() }
        setSubscriberTimer(configuration.probeIntervalMilliseconds) { relay in
            relay.ledger.retryRefused()
            relay.flush()
            relay.sendProbe()
            relay.checkMaster()
        }
        guard !link.isSubscriberUp else { return }
        act(link.opened(.subscriber, now: Self.now))
    }

    private func setSubscriberTimer(_ milliseconds: Int, _ fire: @escaping (RedisRelay) -> Void) {
        subscriberTimer?.cancel()
        subscriberTimer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) {
            fire(self)
        }
    }

    private func note(opening channel: any NIOCore.Channel) {
        opening[ObjectIdentifier(channel)] = channel
        if isStopped { channel.close(promise: nil) }
    }
}
