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
            return channel.localAddress ?? address
        } catch {
            throw listenError(error)
        }
    }

    /// Closes the listening socket; connections that exist stay.
    func stopAccepting() async {
        let channel = channel.withLockedValue { $0 }
        try? await channel?.close().get()
    }

    /// The same without waiting.
    func stopAcceptingNow() {
        channel.withLockedValue { $0 }?.close(promise: nil)
    }

    private func bootstrap() -> ServerBootstrap {
        let setup = setup
        let userTimeout = Int(clamping: setup.services.limits.userTimeout.nanoseconds / 1_000_000)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let gate = AcceptGate(connections: setup.services.connections, logger: setup.services.logger)
                    try channel.pipeline.syncOperations.addHandler(gate)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // One read, then what it held is dealt with: that bounds what is held back for a client that sends ahead.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // A connection keeps its first read buffer for life: 512 bytes hold most heads. Bodies make it grow.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 16 << 10)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try setup.begin(channel) }
            }
        #if os(Linux)
            // TCP_USER_TIMEOUT: https://man7.org/linux/man-pages/man7/tcp.7.html
            return bootstrap.childChannelOption(.tcpOption(.init(rawValue: 18)), value: numericCast(userTimeout))
        #else
            return bootstrap
        #endif
    }

    private func listenError(_ error: any Error) -> ListenError {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: return .addressInUse(hostname: hostname, port: port)
        case EACCES: return .permissionDenied(hostname: hostname, port: port)
        case EADDRNOTAVAIL: return .unknownAddress(hostname: hostname, cause: "it is not an address of this machine")
        default: return .failed(hostname: hostname, port: port, cause: "\(error)")
        }
    }
}
