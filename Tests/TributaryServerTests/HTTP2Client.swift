import NIOConcurrencyHelpers
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import TributaryProtocol
import TributaryTesting

/// An HTTP/2 client over TLS that a test can make do what clients do not. It believes every certificate. From any task.
final class HTTP2Client: Sendable {
    struct State: Sendable {
        /// Frames of the connection itself.
        var goAways: [(last: HTTP2StreamID, code: HTTP2ErrorCode)] = []
        var settings: [HTTP2Setting] = []
        var isClosed = false
    }

    let channel: any NIOCore.Channel
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer
    private let box: NIOLockedValueBox<State>

    private init(
        channel: any NIOCore.Channel, multiplexer: NIOHTTP2Handler.StreamMultiplexer, box: NIOLockedValueBox<State>
    ) {
        self.channel = channel
        self.multiplexer = multiplexer
        self.box = box
    }

    var state: State { box.withLockedValue { $0 } }

    static func tls(_ protocols: [String]) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.applicationProtocols = protocols
        return try NIOSSLContext(configuration: configuration)
    }

    static func connect(to address: SocketAddress) async throws -> HTTP2Client {
        let box = NIOLockedValueBox(State())
        let context = try tls(["h2"])
        let (channel, multiplexer) = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    // So that it sends what it should not.
                    var lenient = NIOHTTP2Handler.ConnectionConfiguration()
                    lenient.headerBlockValidation = .disabled
                    lenient.contentLengthValidation = .disabled
                    // A flood's answers come as a flood.
                    lenient.controlFrameRateLimit.maximumCount = 10_000
                    // To a stream that it reset long ago: the server had not read that yet.
                    lenient.maximumRecentlyResetStreams = 10_000
                    var streams = NIOHTTP2Handler.StreamConfiguration()
                    streams.streamResetFrameRateLimit.maximumCount = 10_000
                    streams.streamErrorRateLimit.maximumCount = 10_000
                    let http2 = NIOHTTP2Handler(
                        mode: .client, eventLoop: channel.eventLoop, connectionConfiguration: lenient,
                        streamConfiguration: streams
                    ) { stream in
                        stream.eventLoop.makeSucceededVoidFuture()
                    }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers([
                        NIOSSLClientHandler(context: context, serverHostname: nil), http2, ConnectionReader(box: box),
                    ])
                    return (channel, try http2.syncMultiplexer())
                }
            }
        return HTTP2Client(channel: channel, multiplexer: multiplexer, box: box)
    }

    /// Sends a request. With `reads` false, nothing of the answer's body is taken until ``HTTP2Exchange/read()``.
    func send(
        _ method: String = "GET", _ path: String, _ fields: [(String, String)] = [], body: String? = nil,
        ends: Bool = true, reads: Bool = true
    ) async throws -> HTTP2Exchange {
        var headers: HPACKHeaders = [":method": method, ":path": path, ":scheme": "https", ":authority": "localhost"]
        for (name, value) in fields { headers.add(name: name, value: value) }
        let inbox = HTTP2Exchange.Inbox(HTTP2Exchange.State())
        let promise = channel.eventLoop.makePromise(of: (any NIOCore.Channel).self)
        multiplexer.createStreamChannel(promise: promise) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(StreamReader(inbox: inbox))
            }
        }
        let stream = try await promise.futureResult.get()
        if !reads { try await stream.setOption(.autoRead, value: false).get() }
        let head = HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: ends && body == nil))
        try await stream.writeAndFlush(head).get()
        if let body {
            let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer(string: body)), endStream: ends)
            // The answer may come before the body has gone.
            stream.writeAndFlush(HTTP2Frame.FramePayload.data(data), promise: nil)
        }
        return HTTP2Exchange(stream: stream, inbox: inbox)
    }

    /// Opens a stream of events and waits for its first.
    func stream(_ query: String = "", reads: Bool = true) async throws -> HTTP2Exchange {
        let exchange = try await send("GET", "/stream?\(query)", reads: reads)
        if reads { try await exchange.until("the first event") { $0.events.count >= 1 } }
        return exchange
    }

    func until(_ what: String, _ condition: @Sendable (State) -> Bool) async throws {
        try await eventually("\(what): \(state)", seconds: 60) { condition(state) }
    }

    func close() async { try? await channel.close().get() }
}

/// One request and what came back. From any task.
struct HTTP2Exchange: Sendable {
    struct State: Sendable {
        var head: HPACKHeaders?
        var body: [UInt8] = []
        var events: [ServerSentEvent] = []
        var hasEnded = false
        var isClosed = false
        var reset: HTTP2ErrorCode?

        fileprivate var decoder = ServerSentEventDecoder()

        var status: Int? { head?.first(name: ":status").flatMap { Int($0) } }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Where the stream's channel puts what comes.
    typealias Inbox = NIOLockedValueBox<State>

    let stream: any NIOCore.Channel
    fileprivate let inbox: Inbox

    var state: State { inbox.withLockedValue { $0 } }

    @discardableResult
    func until(_ what: String, _ condition: @Sendable (State) -> Bool) async throws -> State {
        try await eventually("\(what); have \(state.text.suffix(500))", seconds: 60) { condition(state) }
        return state
    }

    /// Waits for the end and returns all of the answer.
    @discardableResult
    func end() async throws -> State {
        try await until("the end") { $0.hasEnded || $0.isClosed }
    }

    /// Begins to take the body.
    func read() async throws {
        try await stream.setOption(.autoRead, value: true).get()
        stream.read()
    }

    func reset() async { try? await stream.close().get() }
}

private final class StreamReader: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload

    private let inbox: HTTP2Exchange.Inbox

    init(inbox: HTTP2Exchange.Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let payload = unwrapInboundIn(data)
        inbox.withLockedValue { state in
            switch payload {
            case .headers(let headers):
                state.head = state.head ?? headers.headers
                state.hasEnded = state.hasEnded || headers.endStream
            case .data(let data):
                if case .byteBuffer(let bytes) = data.data {
                    state.body.append(contentsOf: bytes.readableBytesView)
                    var new: [ServerSentEvent] = []
                    try? state.decoder.feed(bytes.readableBytesView) { new.append($0) }
                    state.events += new
                }
                state.hasEnded = state.hasEnded || data.endStream
            case .rstStream(let code):
                state.reset = code
            default:
                break
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        inbox.withLockedValue { $0.isClosed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let closed = error as? NIOHTTP2Errors.StreamClosed else { return }
        inbox.withLockedValue { $0.reset = $0.reset ?? closed.errorCode }
    }
}

private final class ConnectionReader: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let box: NIOLockedValueBox<HTTP2Client.State>

    init(box: NIOLockedValueBox<HTTP2Client.State>) { self.box = box }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data).payload {
        case .goAway(let last, let code, _): box.withLockedValue { $0.goAways.append((last, code)) }
        case .settings(.settings(let settings)): box.withLockedValue { $0.settings += settings }
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        box.withLockedValue { $0.isClosed = true }
        context.fireChannelInactive()
    }

    /// What the server does is looked at, not judged.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
