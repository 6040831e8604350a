import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Builds a connection's pipeline, in the order in which its bytes are read: the header of the PROXY protocol, TLS, HTTP. From
/// any thread; each call on its channel's event loop.
struct ConnectionSetup: Sendable {
    /// Ends the connection.
    private struct UntrustedProxy: Error {}

    let services: ConnectionServices
    /// `nil` is no TLS.
    let certificate: ServerCertificate?
    let expectsProxyHeader: Bool
    let trustedProxies: [IPNetwork]

    /// Sets up a connection that was just accepted.
    func begin(_ channel: any Channel) throws {
        let socket = channel.remoteAddress.flatMap { IPAddress($0) }
        guard expectsProxyHeader else { return try addTransport(to: channel, from: socket) }
        // Where proxies are named, nobody else may say whose connection it is.
        guard trustedProxies.isEmpty || socket.map({ trustedProxies.contains($0) }) ?? false else {
            throw UntrustedProxy()
        }
        try channel.pipeline.syncOperations.addHandler(ProxyHeaderHandler(setup: self))
    }

    /// - Parameter address: whose connection it is.
    func addTransport(to channel: any Channel, from address: IPAddress?) throws {
        var peer = ConnectionPeer(address: address, trustedProxies: trustedProxies)
        guard let certificate else { return try addHTTP1(to: channel, peer) }
        peer.isSecure = true
        try channel.pipeline.syncOperations.addHandler(try certificate.handler())
        try channel.pipeline.syncOperations.addHandler(HandshakeHandler(setup: self, peer: peer))
    }

    func addHTTP1(to channel: any Channel, _ peer: ConnectionPeer) throws {
        if services.port == .main {
            try channel.pipeline.syncOperations.addHandler(StreamDoor(setup: self, peer: peer))
        } else {
            try addParser(to: channel, peer)
        }
    }

    /// Adds what reads any request.
    ///
    /// - Parameters: as those of ``ConnectionGate``.
    @discardableResult
    func addParser(
        to channel: any Channel, _ peer: ConnectionPeer, isKept: Bool = false, headDeadline: NIODeadline? = nil
    ) throws -> ConnectionGate {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = services.limits.headBytes
        limits.maxHeaderFieldSize = services.limits.headBytes
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        )
        let gate = ConnectionGate(
            services: services, peer: peer, place: .connection(decoder), isKept: isKept, headDeadline: headDeadline)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(decoder)
        try pipeline.addHandler(gate)
        return gate
    }

    func addHTTP2(to channel: any Channel, _ peer: ConnectionPeer) throws {
        // What streams rely on, and what a stalled one may hold in the kernel, is a matter of the connection here.
        try channel.syncOptions?.becomeStream()
        let connection = HTTP2ConnectionHandler(services: services)
        let services = services
        let http2 = NIOHTTP2Handler(
            mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: connectionConfiguration,
            streamConfiguration: .paced, streamDelegate: connection.streams(on: channel.eventLoop)
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                let codec = HTTP2FramePayloadToHTTP1ServerCodec()
                let pipeline = stream.pipeline.syncOperations
                try pipeline.addHandler(codec)
                try pipeline.addHandler(ConnectionGate(services: services, peer: peer, place: .http2Stream(codec)))
            }
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTP2FailureHandler(limits: services.limits))
        try pipeline.addHandler(http2)
        try pipeline.addHandler(connection)
    }

    private var connectionConfiguration: NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: services.limits.streamsPerConnection),
            HTTP2Setting(parameter: .maxHeaderListSize, value: services.limits.headBytes),
        ]
        return configuration
    }
}

extension NIOHTTP2Handler.StreamConfiguration {
    /// Not writable means that a byte waits for the client's window or for the socket, writable that none does: what
    /// `StreamSink.flush` promises. (One or two bytes alone would pass for none; no frame of an event stream is so short.)
    fileprivate static var paced: Self {
        var configuration = Self()
        configuration.outboundBufferSizeHighWatermark = 2
        configuration.outboundBufferSizeLowWatermark = 1
        return configuration
    }
}
