import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A connection to Redis that is made with the first command, and again with the next one after it was lost; to a cluster, one
/// to each master.
///
/// From any thread. Nothing is retried: a command that fails has failed.
public final class RedisClient: Sendable {
    private enum State {
        case idle
        /// A cluster's connections; the promise succeeds when it is known whether there is one.
        case routing(ClusterRouter, EventLoopPromise<Void>)
        case open(EventLoopFuture<RedisConnection>)
        case closed
    }

    private let connector: RedisConnector
    private let eventLoop: any EventLoop
    private let state = NIOLockedValueBox(State.idle)

    /// - Throws: ``RedisConfigurationError`` for TLS files that cannot be used. Nothing connects yet.
    public init(
        _ configuration: RedisConfiguration,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()
    ) throws(RedisConfigurationError) {
        connector = try RedisConnector(configuration)
        self.eventLoop = eventLoop
    }

    /// Sends one command, connecting before if there is no connection.
    ///
    /// The future fails with ``RedisError``.
    public func send(_ command: RedisCommand) -> EventLoopFuture<RESPValue> {
        if case .cluster(let seeds) = connector.configuration.address { return route(command, seeds: seeds) }
        return connection().flatMap { $0.send(command) }
    }

    /// Sends one command, as `client.send("GET", "key")`, and awaits its answer.
    ///
    /// - Throws: ``RedisError``.
    public func send(_ arguments: RedisArgument...) async throws -> RESPValue {
        try await send(RedisCommand(arguments: arguments)).get()
    }

    /// Ends the connection; later commands fail with ``RedisError/closed``.
    public func shutdown() async {
        let last = state.withLockedValue { state in
            defer { state = .closed }
            return state
        }
        switch last {
        case .open(let connection): try? await connection.get().close()
        case .routing(let router, let known):
            try? await eventLoop.flatSubmit { router.stop() }.get()
            known.succeed()
        case .idle, .closed: break
        }
    }

    /// To the master of the command's key, in the order of the calls of one thread.
    private func route(_ command: RedisCommand, seeds: [RedisHost]) -> EventLoopFuture<RESPValue> {
        let routing: (router: ClusterRouter, known: EventLoopPromise<Void>)? = state.withLockedValue { state in
            switch state {
            case .routing(let router, let known): return (router, known)
            case .idle:
                let router = ClusterRouter(connector.configuration, seeds: seeds, on: eventLoop)
                let promise = eventLoop.makePromise(of: Void.self)
                state = .routing(router, promise)
                eventLoop.execute { router.start { _ in promise.succeed() } }
                return (router, promise)
            case .open, .closed: return nil
            }
        }
        guard let routing else { return eventLoop.makeFailedFuture(RedisError.closed) }
        return routing.known.futureResult.flatMap { routing.router.send([command])[0] }
    }

    /// The connection that is open or being opened; one attempt at a time, however many commands wait for it.
    private func connection() -> EventLoopFuture<RedisConnection> {
        state.withLockedValue { state in
            switch state {
            case .open(let connection): return connection
            case .closed, .routing: return eventLoop.makeFailedFuture(RedisError.closed)
            case .idle:
                let promise = eventLoop.makePromise(of: RedisConnection.self)
                state = .open(promise.futureResult)
                // Not under the lock: the callbacks below take it.
                eventLoop.execute { self.open(promise) }
                return promise.futureResult
            }
        }
    }

    private func open(_ promise: EventLoopPromise<RedisConnection>) {
        let opening = RedisConnection.open(connector, on: eventLoop)
        opening.whenSuccess { connection in
            // Before its commands fail, so that whoever hears of it finds a new connection.
            connection.ended.whenSuccess { _ in self.forget() }
        }
        opening.whenFailure { _ in self.forget() }
        promise.completeWith(opening)
    }

    private func forget() {
        state.withLockedValue { state in
            if case .open = state { state = .idle }
        }
    }
}
