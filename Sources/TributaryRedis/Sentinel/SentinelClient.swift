import NIOConcurrencyHelpers
import NIOCore

/// Finds the master: asks one sentinel after the other, each on a connection of its own that lasts for one question.
///
/// From any thread. https://redis.io/docs/latest/develop/reference/sentinel-clients
final class SentinelClient: Sendable {
    private struct State {
        var rounds = 0
        /// What the last round to connect by found.
        var master: RedisHost?
    }

    private let hosts: [RedisHost]
    private let master: String
    private let configuration: RedisConfiguration
    private let connectors: [RedisHost: RedisConnector]
    private let state = NIOLockedValueBox(State())

    /// - Throws: ``RedisConfigurationError/tls(_:)``.
    init(
        _ hosts: [RedisHost], master: String, _ configuration: RedisConfiguration
    ) throws(RedisConfigurationError) {
        self.hosts = hosts
        self.master = master
        self.configuration = configuration
        var own = configuration
        own.database = 0
        if configuration.sentinelPassword != nil {
            own.user = configuration.sentinelUser
            own.password = configuration.sentinelPassword
        }
        own.connectTimeoutMilliseconds = min(own.connectTimeoutMilliseconds, Self.timeoutMilliseconds)
        own.handshakeTimeoutMilliseconds = min(own.handshakeTimeoutMilliseconds, Self.timeoutMilliseconds)
        own.commandTimeoutMilliseconds = min(own.commandTimeoutMilliseconds, Self.timeoutMilliseconds)
        var connectors: [RedisHost: RedisConnector] = [:]
        for host in hosts { connectors[host] = try RedisConnector(own.server(host)) }
        self.connectors = connectors
    }

    /// 1 s: a sentinel that is gone must not hold up the question to the next one.
    private static let timeoutMilliseconds = 1_000

    /// Where the master is, to connect to it.
    ///
    /// The future fails with ``RedisError/connectFailed(_:)``.
    func master(on eventLoop: any EventLoop) -> EventLoopFuture<RedisHost> {
        find(on: eventLoop).map { host in
            self.state.withLockedValue { $0.master = host }
            return host
        }
    }

    /// Whether the sentinels name another master than when it was last asked for, one that takes itself for the master too.
    func hasMasterMoved(on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        let known = state.withLockedValue { $0.master }
        return find(on: eventLoop).flatMap { host in
            guard let known, host != known else { return eventLoop.makeSucceededFuture(false) }
            return self.isMaster(host, on: eventLoop)
        }.recover { _ in false }
    }

    private func isMaster(_ host: RedisHost, on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        guard let connector = try? RedisConnector(configuration.server(host)) else {
            return eventLoop.makeSucceededFuture(false)
        }
        return RedisConnection.open(connector, on: eventLoop).flatMap { connection in
            connection.send(RedisCommand("ROLE")).map { $0.array?.first?.string == "master" }
                .always { _ in connection.closeNow() }
        }
    }

    private func find(on eventLoop: any EventLoop) -> EventLoopFuture<RedisHost> {
        let number = state.withLockedValue { state in
            defer { state.rounds += 1 }
            return state.rounds
        }
        return next(SentinelRound(hosts, master: master, number: number), on: eventLoop)
    }

    private func next(_ round: SentinelRound, on eventLoop: any EventLoop) -> EventLoopFuture<RedisHost> {
        var round = round
        switch round.next() {
        case .failed(let text): return eventLoop.makeFailedFuture(RedisError.connectFailed(text))
        case .ask(let host):
            let asked = round
            let reply: EventLoopFuture<Result<RESPValue, any Error>> = ask(host, on: eventLoop).map { .success($0) }
                .flatMapErrorThrowing { .failure($0) }
            return reply.flatMap { reply in
                var round = asked
                switch reply {
                case .success(let value):
                    if let master = round.answered(value) { return eventLoop.makeSucceededFuture(master) }
                case .failure(let error): round.failed("\(error)")
                }
                return self.next(round, on: eventLoop)
            }
        }
    }

    private func ask(_ host: RedisHost, on eventLoop: any EventLoop) -> EventLoopFuture<RESPValue> {
        guard let connector = connectors[host] else {
            return eventLoop.makeFailedFuture(RedisError.closed)
        }
        return RedisConnection.open(connector, on: eventLoop, isSentinel: true).flatMap { connection in
            connection.send(RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", .string(self.master)))
                .always { _ in connection.closeNow() }
        }
    }
}
