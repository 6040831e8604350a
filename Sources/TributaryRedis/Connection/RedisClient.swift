import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A connection to Redis that is made with the first command, and again with the next one after it was lost.
///
/// From any thread. Nothing is retried: a command that fails has failed.
public final class RedisClient: Sendable {
    private enum State {
        case idle
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
        connection().flatMap { $0.send(command) }
    }

    /// Sends one command, as `client.send("GET", "key")`, and awaits its answer.
    ///
    /// - Throws: ``RedisError``.
    public func send(_ arguments: RedisArgument...) async throws -> RESPValue {
        try await send(RedisCommand(arguments: arguments)).get()
    }

    /// Ends the connection; later commands fail with ``RedisError/closed``.
    public func shutdown() async {
        let connection: EventLoopFuture<RedisConnection>? = state.withLockedValue { state in
            defer { state = .closed }
            if case .open(let connection) = state { return connection }
            return nil
        }
        try? await connection?.get().close()
    }

    /// The connection that is open or being opened; one attempt at a time, however many commands wait for it.
    private func connection() -> EventLoopFuture<RedisConnection> {
        state.withLockedValue { state in
            switch state {
            case .open(let connection): return connection
            case .closed: return eventLoop.makeFailedFuture(RedisError.closed)
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
