import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Accepts connections to one port. From any thread.
final class HTTPListener: Sendable {
    private let hostname: String
    private let port: Int
    private let setup: ConnectionSetup
    private let group: any EventLoopGroup
    private let channel = NIOLockedValueBox<(any Channel)?>(nil)
    #if os(Linux)
        /// Accepts in the channel's place.
        private let acceptor = NIOLockedValueBox<Acceptor?>(nil)
    #endif

    /// 4,096: connections that come all at once after a restart wait in the kernel rather than being refused.
    private static let backlog: Int32 = 4_096

    /// - Parameters:
    ///   - hostname: as it was configured, for errors.
    ///   - port: as it was configured.
    init(hostname: String, port: Int, setup: ConnectionSetup, group: any EventLoopGroup) {
        self.hostname = hostname
        self.port = port
        self.setup = setup
        self.group = group
    }

    /// Where it listens, once it does.
    var address: SocketAddress? { channel.withLockedValue { $0?.localAddress } }

    /// Begins to listen.
    ///
    /// - Returns: the address, with the port that the system chose if it was to choose one.
    /// - Throws: ``ListenError``.
    func bind(_ address: SocketAddress) async throws -> SocketAddress {
        if let address = self.address { return address }
        do {
            let channel = try await bootstrap().bind(to: address).get()
            self.channel.withLockedValue { $0 = channel }
            try await channel.eventLoop.submit { self.accept(at: channel) }.get()
            return channel.localAddress ?? address
        } catch {
            throw listenError(error)
        }
    }

    /// Closes the listening socket; connections that exist stay.
    func stopAccepting() async {
        try? await close()?.get()
    }

    /// The same without waiting.
    func stopAcceptingNow() {
        _ = close()
    }

    private func close() -> EventLoopFuture<Void>? {
        guard let channel = channel.withLockedValue({ $0 }) else { return nil }
        #if os(Linux)
            // Before the socket's number is another one's.
            let acceptor = acceptor.withLockedValue { $0 }
            return channel.eventLoop.flatSubmit {
                acceptor?.stop()
                return channel.close()
            }
        #else
            return channel.close()
        #endif
    }

    /// Begins to accept: without channels where connections need none to say what they want, else as NIO does.
    private func accept(at channel: any Channel) {
        #if os(Linux)
            if acceptsDirectly, let sockets = setup.services.sockets,
                let poller = sockets.poller(of: channel.eventLoop), let socket = StreamSocket.descriptor(of: channel),
                let acceptor = Acceptor(
                    socket: socket, poller: poller, pollers: sockets.pollers, arrivals: Arrivals(setup: setup),
                    logger: setup.services.logger)
            {
                return self.acceptor.withLockedValue { $0 = acceptor }
            }
        #endif
        channel.setOption(.autoRead, value: true).whenSuccess { channel.read() }
    }

    /// Nothing comes before HTTP, and streams are asked for here.
    private var acceptsDirectly: Bool {
        setup.certificate == nil && !setup.expectsProxyHeader && setup.services.port == .main
    }

    private func bootstrap() -> ServerBootstrap {
        let setup = setup
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let gate = AcceptGate(connections: setup.services.connections, logger: setup.services.logger)
                    try channel.pipeline.syncOperations.addHandler(gate)
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.syncOptions?.becomeConnection()
                    try setup.begin(channel)
                }
            }
        #if os(Linux)
            return Self.inheritedOptions(setup.services.limits).reduce(bootstrap) {
                $0.serverChannelOption($1.option, value: $1.value)
            }
        #else
            return bootstrap
        #endif
    }

    #if os(Linux)
        /// What Linux gives to each connection from the listening socket, beside TCP_NODELAY, which NIO sets there: half a dozen calls
        /// less for each.
        /// https://man7.org/linux/man-pages/man7/tcp.7.html
        private static func inheritedOptions(
            _ limits: HTTPLimits
        ) -> [(option: ChannelOptions.Types.SocketOption, value: SocketOptionValue)] {
            [
                // TCP_USER_TIMEOUT
                (
                    .tcpOption(.init(rawValue: 18)),
                    SocketOptionValue(clamping: limits.userTimeout.nanoseconds / 1_000_000)
                ),
                // TCP_NOTSENT_LOWAT, 16 KiB: what a slow reader may hold in the kernel beyond what is on its way. The default
                // lets it take 4 MB.
                (.tcpOption(.init(rawValue: 25)), 16 << 10),
                // A peer that vanished is noticed by probes where a stream's own heartbeats are rarer: TCP_KEEPIDLE 28 s,
                // TCP_KEEPINTVL 7 s, until TCP_USER_TIMEOUT is over. One that lives answers the first. Streams with a heartbeat
                // each 25 s send none: a million that heard the same event would all send one at the same time, and again.
                (.socketOption(.so_keepalive), 1),
                (.tcpOption(.init(rawValue: 4)), 28),
                (.tcpOption(.init(rawValue: 5)), 7),
            ]
        }
    #endif

    private func listenError(_ error: any Error) -> ListenError {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: return .addressInUse(hostname: hostname, port: port)
        case EACCES: return .permissionDenied(hostname: hostname, port: port)
        case EADDRNOTAVAIL: return .unknownAddress(hostname: hostname, cause: "it is not an address of this machine")
        default: return .failed(hostname: hostname, port: port, cause: "\(error)")
        }
    }
}
