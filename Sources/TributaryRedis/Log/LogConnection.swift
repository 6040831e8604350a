import NIOCore

/// One of the log's connections, made again whenever it is lost.
///
/// `@unchecked Sendable`: everything lives on its event loop, and every call is made there.
final class LogConnection: @unchecked Sendable {
    private let connector: RedisConnector
    private let eventLoop: any EventLoop
    private var changed: (Result<RedisConnection, RedisError>) -> Void = { _ in }

    private(set) var connection: RedisConnection?
    private var lastError = RedisError.connectFailed("not started")
    private var backoff = ReconnectBackoff()
    private var generator = SystemRandomNumberGenerator()
    private var connectedAt: NIODeadline?
    private var timer: Scheduled<Void>?
    private var opening: [ObjectIdentifier: any NIOCore.Channel] = [:]
    private var isStopped = false

    init(_ connector: RedisConnector, on eventLoop: any EventLoop) {
        self.connector = connector
        self.eventLoop = eventLoop
    }

    /// - Parameter changed: called with each new connection, and with the error whenever there is none.
    func start(changed: @escaping (Result<RedisConnection, RedisError>) -> Void) {
        self.changed = changed
        open()
    }

    private func open() {
        guard !isStopped else { return }
        RedisConnection.open(connector, on: eventLoop) { self.note(opening: $0) }.assumeIsolated().whenComplete {
            result in
            self.opening.removeAll()
            switch result {
            case .failure(let error):
                self.lost(error as? RedisError ?? .connectFailed("\(error)"))
            case .success(let connection):
                guard !self.isStopped else { return connection.closeNow() }
                self.connection = connection
                self.connectedAt = .now()
                // At once, if it has ended in the meantime.
                connection.ended.assumeIsolated().whenSuccess { error in
                    self.connection = nil
                    self.lost(error)
                }
                if self.connection != nil { self.changed(.success(connection)) }
            }
        }
    }

    /// Sends commands that nothing of this connection's comes between, all to the same connection.
    ///
    /// The futures fail with ``RedisError``.
    func send(_ commands: [RedisCommand]) -> [EventLoopFuture<RESPValue>] {
        eventLoop.assertInEventLoop()
        guard let connection else { return commands.map { _ in eventLoop.makeFailedFuture(lastError) } }
        return commands.map { connection.send($0) }
    }

    /// The future succeeds when the socket is closed, after the answers that are still to come.
    func stop() -> EventLoopFuture<Void> {
        isStopped = true
        lastError = .closed
        changed = { _ in }
        timer?.cancel()
        var closed = opening.values.map(\.closeFuture)
        for channel in opening.values { channel.close(promise: nil) }
        if let connection {
            closed.append(connection.closeFuture)
            connection.closeWhenAnswered()
        }
        return EventLoopFuture.andAllComplete(closed, on: eventLoop)
    }

    private func lost(_ error: RedisError) {
        guard !isStopped else { return }
        lastError = error
        if let connectedAt {
            backoff.connectionLived(milliseconds: Int((NIODeadline.now() - connectedAt).nanoseconds / 1_000_000))
        }
        connectedAt = nil
        changed(.failure(error))
        let delay = TimeAmount.milliseconds(Int64(backoff.next(using: &generator)))
        timer = eventLoop.assumeIsolated().scheduleTask(in: delay) { self.open() }
    }

    private func note(opening channel: any NIOCore.Channel) {
        opening[ObjectIdentifier(channel)] = channel
        if isStopped { channel.close(promise: nil) }
    }
}
