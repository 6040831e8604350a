import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Accepts connections and sets their pipelines up. From any thread.
final class HTTPListener: Sendable {
    private let configuration: ServerConfiguration
    private let services: ConnectionServices
    private let group: any EventLoopGroup
    private let channel = NIOLockedValueBox<(any Channel)?>(nil)

    /// 4,096: connections that come all at once after a restart wait in the kernel rather than being refused.
    private static let backlog: Int32 = 4_096

    init(configuration: ServerConfiguration, services: ConnectionServices, group: any EventLoopGroup) {
        self.configuration = configuration
        self.services = services
        self.group = group
    }

    /// Begins to listen.
    ///
    /// - Returns: the address, with the port that the system chose if it was to choose one.
    /// - Throws: ``ListenError``.
    func bind() async throws -> SocketAddress {
        if let address = channel.withLockedValue({ $0?.localAddress }) { return address }
        let address = try configuration.resolve()
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
        let services = services
        let userTimeout = Int(clamping: services.limits.userTimeout.nanoseconds / 1_000_000)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // One read, then what it held is dealt with: that bounds what is held back for a client that sends ahead.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // A connection keeps its first read buffer for life: 512 bytes hold most heads. Bodies make it grow.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 16 << 10)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.setUp(channel, services) }
            }
        #if os(Linux)
            // TCP_USER_TIMEOUT: https://man7.org/linux/man-pages/man7/tcp.7.html
            return bootstrap.childChannelOption(.tcpOption(.init(rawValue: 18)), value: numericCast(userTimeout))
        #else
            return bootstrap
        #endif
    }

    private static func setUp(_ channel: any Channel, _ services: ConnectionServices) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = services.limits.headBytes
        limits.maxHeaderFieldSize = services.limits.headBytes
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        )
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(decoder)
        try pipeline.addHandler(ConnectionGate(services: services, decoder: decoder))
    }

    private func listenError(_ error: any Error) -> ListenError {
        let (hostname, port) = (configuration.hostname, configuration.port)
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: return .addressInUse(hostname: hostname, port: port)
        case EACCES: return .permissionDenied(hostname: hostname, port: port)
        case EADDRNOTAVAIL: return .unknownAddress(hostname: hostname, cause: "it is not an address of this machine")
        default: return .failed(hostname: hostname, port: port, cause: "\(error)")
        }
    }
}
