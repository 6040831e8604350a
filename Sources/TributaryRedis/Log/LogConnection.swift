import NIOCore

/// One of the connections of a log, or of whatever else keeps something in Redis, made again whenever it is lost. To a
/// cluster it is one connection to each master, and commands go by their keys; see ``ClusterRouter``.
///
/// `@unchecked Sendable`: everything lives on its event loop, and every call is made there.
final class LogConnection: @unchecked Sendable {
    private let connector: RedisConnector
    private let eventLoop: any EventLoop
    private var changed: (Result<RedisConnection, RedisError>) -> Void = { _ in }

    private let router: ClusterRouter?
    private var current: RedisConnection?
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
        if case .cluster(let seeds) = connector.configuration.address {
            router = ClusterRouter(connector.configuration, seeds: seeds, on: eventLoop)
        } else {
            router = nil
        }
    }

    /// The connection that is open; of a cluster's, one of them.
    var connection: RedisConnection? { router.map { $0.masters.first?.connection } ?? current }

    /// The open connections to servers that take writes: one, or a cluster's, each with its host.
    var masters: [(host: RedisHost?, connection: RedisConnection)] {
        if let router { return router.masters.map { ($0.host, $0.connection) } }
        return current.map { [(nil, $0)] } ?? []
    }

    /// Why there is no connection.
    var failure: RedisError? { current == nil ? lastError : nil }

    /// - Parameter changed: called with each new connection, and with the error whenever there is none. In a cluster, all masters together are the
    ///   connection.
    func start(changed: @escaping (Result<RedisConnection, RedisError>) -> Void) {
        self.changed = changed
        if let router { router.start(changed: changed) } else { open() }
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
                self.current = connection
                self.connectedAt = .now()
                // At once, if it has ended in the meantime.
                connection.ended.assumeIsolated().whenSuccess { error in
                    self.current = nil
                    self.lost(error)
                }
                if self.current != nil { self.changed(.success(connection)) }
            }
        }
    }

    /// Sends commands that nothing of this connection's comes between, all to the same connection; in a cluster, each to its
    /// key's master.
    ///
    /// The futures fail with ``RedisError``.
    func send(_ commands: [RedisCommand]) -> [EventLoopFuture<RESPValue>] {
        eventLoop.assertInEventLoop()
        if let router { return router.send(commands) }
        guard let connection = current else { return commands.map { _ in eventLoop.makeFailedFuture(lastError) } }
        return commands.map { connection.send($0) }
    }

    /// Leaves a master that the sentinels no longer call one.
    func checkMaster() {
        guard let connection = current else { return }
        connector.hasMasterMoved(on: eventLoop).whenSuccess { if $0 { connection.closeNow() } }
    }

    /// The future succeeds when the socket is closed, after the answers that are still to come.
    func stop() -> EventLoopFuture<Void> {
        if let router { return router.stop() }
        isStopped = true
        lastError = .closed
        changed = { _ in }
        timer?.cancel()
        var closed = opening.values.map(\.closeFuture)
        for channel in opening.values { channel.close(promise: nil) }
        if let connection = current {
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
