import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Opens sockets to one Redis; behind sentinels, to whichever is the master at the time. From any thread.
final class RedisConnector: Sendable {
    let configuration: RedisConfiguration
    private let tls: NIOSSLContext?
    private let sentinels: SentinelClient?

    /// - Throws: ``RedisConfigurationError/tls(_:)``; certificate files are read once, here.
    init(_ configuration: RedisConfiguration) throws(RedisConfigurationError) {
        self.configuration = configuration
        tls = try configuration.tls?.makeContext()
        if case .sentinel(let hosts, let master) = configuration.address {
            sentinels = try SentinelClient(hosts, master: master, configuration)
        } else {
            sentinels = nil
        }
    }

    /// Asks the sentinels whether the master is another one than it was when this connector last connected.
    ///
    /// False without sentinels, and if nobody knows. A connection to a master that was cut off from the others does not end by
    /// itself.
    func hasMasterMoved(on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        sentinels?.hasMasterMoved(on: eventLoop) ?? eventLoop.makeSucceededFuture(false)
    }

    /// Connects a socket, TLS still to come, with a handler at the end of its pipeline.
    ///
    /// The future fails with ``RedisError/connectFailed(_:)``.
    ///
    /// - Parameter makeHandler: called on `eventLoop` for each socket that is tried.
    func connect<Handler: ChannelHandler & SendableMetatype>(
        on eventLoop: any EventLoop,
        recvAllocator: any RecvByteBufferAllocator = AdaptiveRecvByteBufferAllocator(),
        makeHandler: @escaping @Sendable (any NIOCore.Channel) throws -> Handler
    ) -> EventLoopFuture<(channel: any NIOCore.Channel, handler: NIOLoopBound<Handler>)> {
        // By socket, because IPv4 and IPv6 may both be tried. Asking the pipeline would come too late for a connection
        // that is closed at once, whose handler knows the reason.
        let handlers = NIOLoopBoundBox<[ObjectIdentifier: Handler]>.makeBoxSendingValue([:], eventLoop: eventLoop)
        return address(on: eventLoop).flatMap { address in
            self.connectSocket(to: address, on: eventLoop, recvAllocator: recvAllocator) { channel in
                let handler = try makeHandler(channel)
                handlers.value[ObjectIdentifier(channel)] = handler
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }.hop(to: eventLoop).flatMapThrowing { channel in
            guard let handler = handlers.value[ObjectIdentifier(channel)] else { throw RedisError.closed }
            return (channel, NIOLoopBound(handler, eventLoop: eventLoop))
        }
    }

    private func address(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConfiguration.Address> {
        guard let sentinels else { return eventLoop.makeSucceededFuture(configuration.address) }
        return sentinels.master(on: eventLoop).map { .tcp(host: $0.name, port: $0.port) }
    }

    private func connectSocket(
        to address: RedisConfiguration.Address,
        on eventLoop: any EventLoop,
        recvAllocator: any RecvByteBufferAllocator,
        initializer: @escaping @Sendable (any NIOCore.Channel) throws -> Void
    ) -> EventLoopFuture<any NIOCore.Channel> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.milliseconds(Int64(configuration.connectTimeoutMilliseconds)))
            .channelOption(.recvAllocator, value: recvAllocator)
            // One read, one batch.
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = self.tls {
                        try channel.pipeline.syncOperations.addHandler(self.tlsHandler(tls, for: address))
                    }
                    try initializer(channel)
                }
            }
        let channel =
            switch address {
            case .tcp(let host, let port):
                bootstrap
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .channelOption(.socketOption(.so_keepalive), value: 1)
                    .connect(host: host, port: port)
            case .unix(let path):
                bootstrap.connect(unixDomainSocketPath: path)
            case .sentinel, .cluster:
                eventLoop.makeFailedFuture(RedisError.connectFailed("no address of one server"))
                    as EventLoopFuture<any NIOCore.Channel>
            }
        return channel.flatMapErrorThrowing { error in
            var server = self.configuration
            server.address = address
            throw RedisError.connectFailed("\(server): \(Self.text(of: error))")
        }
    }

    private func tlsHandler(
        _ context: NIOSSLContext, for address: RedisConfiguration.Address
    ) throws -> NIOSSLClientHandler {
        var name = configuration.tls?.serverName
        if name == nil, case .tcp(let host, _) = address { name = host }
        // SNI knows no IP addresses; verification then takes the address of the connection.
        if let host = name, (try? SocketAddress(ipAddress: host, port: 0)) != nil { name = nil }
        return try NIOSSLClientHandler(context: context, serverHostname: name)
    }

    /// One line about an error of NIO, whose own descriptions run long.
    static func text(of error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let dns = error.connectionErrors.isEmpty ? error.dnsAError ?? error.dnsAAAAError : nil {
                "unknown host \(error.host) (\(text(of: dns)))"
            } else {
                error.connectionErrors.last.map { text(of: $0.error) } ?? "connection failed"
            }
        case ChannelError.connectTimeout: "no connection in time"
        // strerror: glibc keeps the text per thread since 2.32.
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as RedisError: "\(error)"
        default: "\(error)".split(whereSeparator: \.isNewline).first.map(String.init) ?? "\(type(of: error))"
        }
    }
}
