import NIOCore

/// One connection to Redis for commands, pipelined. From any thread; it ends for good when the connection does.
///
/// Not for pub/sub: ``RedisRelay`` has a connection of its own for that.
public final class RedisConnection: Sendable {
    private let channel: any NIOCore.Channel
    private let handler: NIOLoopBound<RedisCommandHandler>

    private init(channel: any NIOCore.Channel, handler: NIOLoopBound<RedisCommandHandler>) {
        self.channel = channel
        self.handler = handler
    }

    /// Connects, and authenticates and selects the database as the configuration says.
    ///
    /// - Throws: ``RedisConfigurationError`` for TLS files that cannot be used, otherwise ``RedisError``.
    public static func connect(
        _ configuration: RedisConfiguration,
        on eventLoop: any EventLoop
    ) async throws -> RedisConnection {
        try await open(RedisConnector(configuration), on: eventLoop).get()
    }

    /// - Parameters:
    ///   - isSentinel: see ``Handshake``.
    ///   - opening: is told of the channel before it connects, on the loop; to close it is to give up.
    static func open(
        _ connector: RedisConnector,
        on eventLoop: any EventLoop,
        isSentinel: Bool = false,
        opening: @escaping @Sendable (any NIOCore.Channel) -> Void = { _ in }
    ) -> EventLoopFuture<RedisConnection> {
        connector.connect(on: eventLoop) { channel in
            opening(channel)
            return try RedisCommandHandler(
                configuration: connector.configuration, eventLoop: channel.eventLoop, isSentinel: isSentinel)
        }.flatMap { socket in
            let ready: EventLoopFuture<Void> = socket.handler.value.ready.futureResult
            return ready.map { RedisConnection(channel: socket.channel, handler: socket.handler) }
        }
    }

    public var eventLoop: any EventLoop { channel.eventLoop }

    /// Succeeds when the connection has ended, for whatever reason.
    public var closeFuture: EventLoopFuture<Void> { channel.closeFuture }

    /// Succeeds with the cause as soon as the connection can no longer be used. To be asked on the event loop.
    var ended: EventLoopFuture<RedisError> { handler.value.ended.futureResult }

    /// Sends one command. Calls from one thread are sent in their order.
    ///
    /// The future fails with ``RedisError``; with ``RedisError/server(code:message:)`` if Redis answers with an error.
    public func send(_ command: RedisCommand) -> EventLoopFuture<RESPValue> {
        let answer = channel.eventLoop.makePromise(of: RESPValue.self)
        do {
            let bytes = try command.encoded()
            if channel.eventLoop.inEventLoop {
                handler.value.send(bytes, answer: answer)
            } else {
                channel.eventLoop.execute { self.handler.value.send(bytes, answer: answer) }
            }
        } catch {
            answer.fail(error)
        }
        return answer.futureResult
    }

    /// Sends one command, as `connection.send("GET", "key")`, and awaits its answer.
    ///
    /// - Throws: ``RedisError``.
    public func send(_ arguments: RedisArgument...) async throws -> RESPValue {
        try await send(RedisCommand(arguments: arguments)).get()
    }

    /// Sends the commands together and awaits all answers, each with its own outcome, in order.
    public func send(pipeline commands: [RedisCommand]) async -> [Result<RESPValue, any Error>] {
        let answers = commands.map { send($0) }
        return (try? await EventLoopFuture.whenAllComplete(answers, on: channel.eventLoop).get()) ?? []
    }

    /// Ends the connection after the commands already sent have their answers (or are overdue).
    public func close() async {
        channel.eventLoop.execute { self.closeWhenAnswered() }
        try? await channel.closeFuture.get()
    }

    /// On the event loop.
    func closeWhenAnswered() {
        handler.value.close()
    }

    /// Ends the connection at once; what waits for an answer fails with ``RedisError/connectionLost(_:)``.
    func closeNow() {
        channel.close(promise: nil)
    }
}
