import Logging
import NIOCore
import TributaryCore
import TributaryProtocol

extension RedisRelay {
    public func subscribe(to topics: [Topic]) -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        let names = topics.map { $0.name(prefix: configuration.prefix) }
        if let name = names.first(where: control.covers) {
            return eventLoop.makeFailedFuture(RelayError.refused("\(name) is the hub's own channel"))
        }
        for (topic, name) in zip(topics, names) { self.topics.insert(topic, name: name) }
        let waiter = ledger.subscribe(topics)
        updateStatus { $0.subscriptions = ledger.wanted }
        guard ledger.isConnected else {
            hasMissed = hasMissed || !topics.isEmpty
            return topics.isEmpty
                ? eventLoop.makeSucceededVoidFuture()
                : eventLoop.makeFailedFuture(RelayError.unavailable(status.lastError ?? "no connection"))
        }
        scheduleFlush()
        guard let waiter else { return eventLoop.makeSucceededVoidFuture() }
        let promise = eventLoop.makePromise(of: Void.self)
        waiters[waiter] = promise
        return promise.futureResult
    }

    public func unsubscribe(from topics: [Topic]) {
        eventLoop.assertInEventLoop()
        for topic in topics { self.topics.remove(name: topic.name(prefix: configuration.prefix)) }
        let actions = ledger.unsubscribe(topics)
        updateStatus { $0.subscriptions = ledger.wanted }
        perform(actions)
        scheduleFlush()
    }

    /// Wishes of one turn of the loop go out together.
    func scheduleFlush() {
        guard ledger.isConnected, !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.execute { self.flush() }
    }

    func flush() {
        isFlushScheduled = false
        let (commands, actions) = ledger.flush()
        send(commands)
        perform(actions)
    }

    func send(_ commands: [SubscriptionLedger<Topic>.Command]) {
        guard !commands.isEmpty, let subscriber else { return }
        var bytes = ByteBuffer()
        do {
            for command in commands {
                let (name, topics): (RedisArgument, [Topic]) =
                    switch command {
                    case .subscribe(let topics): ("SUBSCRIBE", topics)
                    case .unsubscribe(let topics): ("UNSUBSCRIBE", topics)
                    }
                let names = topics.map { RedisArgument.string($0.name(prefix: configuration.prefix)) }
                try RedisCommand(arguments: [name] + names).encode(into: &bytes)
            }
            subscriber.send(bytes)
        } catch {
            subscriber.fail(error)
        }
    }

    func perform(_ actions: [SubscriptionLedger<Topic>.Action]) {
        for action in actions {
            switch action {
            case .succeed(let waiter):
                waiters.removeValue(forKey: waiter)?.succeed()
            case .fail(let waiter, let reason):
                waiters.removeValue(forKey: waiter)?.fail(error(for: reason))
            case .restored:
                sendProbe()
            case .refused(let topic, let text):
                // Asked for with every probe, but not told with every probe.
                guard refusals.shouldLog("\(topic) \(text)", now: Self.now) else { break }
                logger.warning("Redis refuses a subscription", metadata: ["topic": "\(topic)", "error": "\(text)"])
            case .outOfStep:
                subscriber?.fail(.protocolViolation("an answer that does not belong to its command"))
            }
        }
    }

    private func error(for reason: SubscriptionLedger<Topic>.Reason) -> RelayError {
        switch reason {
        case .disconnected: .unavailable(status.lastError ?? "no connection")
        case .unsubscribed: .unavailable("unsubscribed before the confirmation")
        case .refused(let text): .refused(text)
        }
    }
}
