import NIOCore
import TributaryCore

/// One subscriber connection of a cluster's relay, from its opening to its end; the next one is another object.
///
/// Lives on the relay's event loop.
final class ClusterSubscriber: RedisSubscriberDelegate {
    enum Kind {
        /// `SUBSCRIBE` on any server: what is published there reaches all of them.
        case plain
        /// `SSUBSCRIBE` on the master of the channels' slots.
        case sharded
    }

    enum Event {
        /// Everything that was wanted has its answer.
        case restored
        case refused(String, String)
        case ended(RedisError)
    }

    let host: RedisHost
    private let kind: Kind
    private let eventLoop: any EventLoop
    private let heard: (Event) -> Void
    private let probed: (UnsafeRawBufferPointer) -> Void
    private var handler: RedisSubscriberHandler?
    private var opening: [ObjectIdentifier: any NIOCore.Channel] = [:]
    // A command of `SSUBSCRIBE` takes channels of one slot only.
    private var ledger: SubscriptionLedger<String>
    private var waiters: [SubscriptionLedger<String>.Waiter: EventLoopPromise<Void>] = [:]
    /// Asked for before there was a connection.
    private var early: [(names: [String], promise: EventLoopPromise<Void>)] = []
    private var isFlushScheduled = false
    private var timer: Scheduled<Void>?
    private var pings = 0
    private(set) var isRestored = false
    /// It was there, and messages are missed without it.
    private(set) var wasRestored = false
    private(set) var failure: RedisError?

    init(
        _ kind: Kind, at host: RedisHost, on eventLoop: any EventLoop, heard: @escaping (Event) -> Void,
        probed: @escaping (UnsafeRawBufferPointer) -> Void = { _ in }
    ) {
        self.host = host
        self.kind = kind
        self.eventLoop = eventLoop
        self.heard = heard
        self.probed = probed
        ledger = SubscriptionLedger(batch: kind == .sharded ? 1 : 256)
    }

    /// The socket's end; `nil` if there is none.
    var closeFuture: EventLoopFuture<Void>? {
        handler?.closeFuture ?? opening.values.first?.closeFuture
    }

    /// - Parameters:
    ///   - makeHandler: makes the end of the pipeline.
    ///   - timeout: how long the subscriptions may take, in milliseconds.
    func open(
        _ connector: RedisConnector, timeout: Int, recvAllocator: any RecvByteBufferAllocator,
        makeHandler: @escaping @Sendable (any EventLoop) throws -> RedisSubscriberHandler
    ) {
        let note = NIOLoopBound({ (channel: any NIOCore.Channel) in self.note(opening: channel) }, eventLoop: eventLoop)
        connector.connect(on: eventLoop, recvAllocator: recvAllocator) { channel in
            note.value(channel)
            return try makeHandler(channel.eventLoop)
        }.flatMap { socket in
            let ready: EventLoopFuture<Void> = socket.handler.value.ready.futureResult
            return ready.map { socket.handler }
        }.assumeIsolated().whenComplete { result in
            self.opening.removeAll()
            switch result {
            case .failure(let error): self.fail(error as? RedisError ?? .connectFailed("\(error)"))
            case .success(let handler): self.restore(on: handler.value, timeout: timeout)
            }
        }
    }

    private func note(opening channel: any NIOCore.Channel) {
        opening[ObjectIdentifier(channel)] = channel
        if failure != nil { channel.close(promise: nil) }
    }

    private func restore(on handler: RedisSubscriberHandler, timeout: Int) {
        if let failure { return handler.fail(failure) }
        if let failure = handler.failure { return fail(failure) }
        self.handler = handler
        handler.delegate = self
        setDeadline(timeout, "subscriptions were not confirmed")
        ledger.connected()
        for (names, promise) in early { promise.completeWith(subscribe(names)) }
        early = []
        flush()
    }

    // MARK: Subscriptions

    /// The future fails with ``RelayError``.
    func subscribe(_ names: [String]) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        if let failure {
            promise.fail(RelayError.unavailable("\(failure)"))
            return promise.futureResult
        }
        let waiter = ledger.subscribe(names)
        if !ledger.isConnected {
            early.append((names, promise))
        } else if let waiter {
            waiters[waiter] = promise
            scheduleFlush()
        } else {
            promise.succeed()
        }
        return promise.futureResult
    }

    func unsubscribe(_ names: some Sequence<String>) {
        perform(ledger.unsubscribe(names))
        scheduleFlush()
    }

    var names: Set<String> { Set(ledger.wantedNames) }

    private func scheduleFlush() {
        guard ledger.isConnected, !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        let (commands, actions) = ledger.flush()
        send(commands)
        perform(actions)
    }

    private func send(_ commands: [SubscriptionLedger<String>.Command]) {
        guard !commands.isEmpty, let handler else { return }
        var bytes = ByteBuffer()
        do {
            for command in commands {
                let (verb, names): (String, [String]) =
                    switch command {
                    case .subscribe(let names): (kind == .sharded ? "SSUBSCRIBE" : "SUBSCRIBE", names)
                    case .unsubscribe(let names): (kind == .sharded ? "SUNSUBSCRIBE" : "UNSUBSCRIBE", names)
                    }
                try RedisCommand(arguments: [.string(verb)] + names.map { .string($0) }).encode(into: &bytes)
            }
            handler.send(bytes)
        } catch {
            handler.fail(error)
        }
    }

    private func perform(_ actions: [SubscriptionLedger<String>.Action]) {
        for action in actions {
            switch action {
            case .succeed(let waiter): waiters.removeValue(forKey: waiter)?.succeed()
            case .fail(let waiter, let reason): waiters.removeValue(forKey: waiter)?.fail(error(for: reason))
            case .restored:
                timer?.cancel()
                isRestored = true
                wasRestored = true
                heard(.restored)
            case .refused(let name, let text): heard(.refused(name, text))
            case .outOfStep:
                // Also a server's own `sunsubscribe`: it gives the slot away.
                handler?.fail(.connectionLost("the server ended a subscription"))
            }
        }
    }

    private func error(for reason: SubscriptionLedger<String>.Reason) -> RelayError {
        switch reason {
        case .disconnected: .unavailable(failure.map { "\($0)" } ?? "no connection")
        case .unsubscribed: .unavailable("unsubscribed before the confirmation")
        case .refused(let text): .refused(text)
        }
    }

    // MARK: Probe

    /// Asks for a sign of life, to come within so many milliseconds.
    func ping(timeout: Int) {
        guard isRestored, let handler, let ping = try? RedisCommand("PING").encoded() else { return }
        // The oldest one's deadline counts, however often it is asked.
        if pings == 0 { setDeadline(timeout, "pub/sub is silent: the probe was not answered") }
        pings += 1
        handler.send(ping)
        ledger.retryRefused()
        flush()
    }

    private func setDeadline(_ milliseconds: Int, _ what: String) {
        timer?.cancel()
        timer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) {
            self.fail(.timeout(what))
        }
    }

    // MARK: The connection's events

    func subscriber(_ subscriber: RedisSubscriberHandler, replied reply: PushSink.Reply) {
        switch reply {
        case .subscribed: perform(ledger.confirmed(subscription: true))
        case .unsubscribed: perform(ledger.confirmed(subscription: false))
        case .refused(let text):
            let error = RedisError(serverText: text)
            if ClusterRedirect(error, asked: host) != nil { return subscriber.fail(error) }
            let (commands, actions) = ledger.refused(text)
            send(commands)
            perform(actions)
        case .pong:
            pings -= 1
            if pings == 0, isRestored { timer?.cancel() }
        case .value: subscriber.fail(.protocolViolation("a reply that nobody asked for"))
        }
    }

    func subscriber(_ subscriber: RedisSubscriberHandler, probed payload: UnsafeRawBufferPointer) {
        probed(payload)
    }

    func subscriber(_ subscriber: RedisSubscriberHandler, endedWith error: RedisError) {
        fail(error)
    }

    /// Ends the connection, or its opening. Whoever waits hears of it first.
    func fail(_ error: RedisError) {
        guard failure == nil else { return }
        failure = error
        isRestored = false
        timer?.cancel()
        for channel in opening.values { channel.close(promise: nil) }
        handler?.fail(error)
        perform(ledger.disconnected())
        for (_, promise) in early { promise.fail(RelayError.unavailable("\(error)")) }
        early = []
        heard(.ended(error))
    }
}
