import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import TributaryCore

/// Sees each request first, behind the HTTP/1 parser of a connection or on a stream of HTTP/2: `GET /stream` is taken over by a
/// stream of events, everything else goes to the router, one request after the other.
///
/// It keeps the connection's limits: the body's size, the time for a head and a body, and how much a client may send ahead.
/// Lives on its channel's event loop.
final class ConnectionGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    /// Where the gate stands.
    enum Place {
        /// On a connection of HTTP/1, directly behind its decoder; both leave when a stream takes over.
        case connection(ByteToMessageHandler<HTTPRequestDecoder>)
        /// On a stream of an HTTP/2 connection, behind what makes requests of its frames: for one request.
        case http2Stream(HTTP2FramePayloadToHTTP1ServerCodec)
    }

    let services: ConnectionServices
    let peer: ConnectionPeer
    let place: Place
    /// Of a connection of HTTP/1 alone: HTTP/2 has its own limits.
    let wire = WireCounter()
    var encoder: HTTPResponseEncoder?
    var state: ConnectionState
    var context: ChannelHandlerContext?
    var timer: NIOScheduledCallback?
    private let isKept: Bool
    /// When the time for the first head is over, where it began before the gate came.
    var firstHeadDeadline: NIODeadline?
    var timeout = Timeout.head
    /// Something other than bytes of an unfinished head came with this read.
    private var sawPart = false
    var isReadHeldBack = false
    private var isHandlingHeld = false
    /// Bytes of a body that count as held until its request is answered.
    var heldBytes = 0

    enum Timeout {
        case head, body, idle, linger
        /// Over HTTP/2, for the answer to be read: there the kernel does not notice that it isn't.
        case answer
    }

    /// - Parameters:
    ///   - isKept: ``OpenConnections`` has the connection already.
    ///   - headDeadline: when the time for the first head is over, where it has begun.
    init(
        services: ConnectionServices, peer: ConnectionPeer, place: Place, isKept: Bool = false,
        headDeadline: NIODeadline? = nil
    ) {
        self.isKept = isKept
        firstHeadDeadline = headDeadline
        self.services = services
        self.peer = peer
        self.place = place
        state = ConnectionState(bodyLimit: services.limits.bodyBytes)
        if isHTTP2 { state.takeOne() }
    }

    var isHTTP2: Bool { if case .http2Stream = place { true } else { false } }

    // MARK: Pipeline

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // A stream of HTTP/2 belongs to its connection, which is kept already.
        guard isHTTP2 || isKept || services.connections.insert(context.channel) else {
            return context.close(promise: nil)
        }
        if case .connection(let decoder) = place {
            try? context.pipeline.syncOperations.addHandler(wire, position: .before(decoder))
        }
        arm(.head)
    }

    /// Takes the connection from where its first request has been read, and refused.
    func answer(_ head: HTTPRequestHead, with problem: Problem, isInputClosed: Bool, isQuiescing: Bool) {
        _ = state.receive(.part(.head(head)))
        _ = state.receive(.part(.end(nil)))
        disarm()
        if let context { services.connections.work(context.channel) }
        if isInputClosed { perform(state.inputClosed()) }
        if isQuiescing { perform(state.quiesce()) }
        send(problem)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        disarm()
        releaseBody()
        if !isHTTP2 { services.connections.remove(context.channel) }
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        sawPart = true
        let part = unwrapInboundIn(data)
        count(part)
        perform(state.receive(.part(part)))
        if case .body = part { holdBody() }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Bytes came and no part of a request: a head has begun.
        if !sawPart, state.isIdle, timeout == .idle { arm(.head) }
        sawPart = false
        checkWire()
        settleTimer()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if state.wantsInput { context.read() } else { isReadHeldBack = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        handleHeld()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is HTTPParserError: perform(state.receive(.failure(Problem(parsing: error))))
        // More bytes after the parser gave up; the client has been told.
        case is ByteToMessageDecoderError: break
        default: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: perform(state.inputClosed())
        // The connection sees to it that no further streams of HTTP/2 come.
        case is ChannelShouldQuiesceEvent where !isHTTP2: perform(state.quiesce())
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Requests

    func perform(_ action: ConnectionState.Action) {
        switch action {
        case .nothing: break
        case .sendContinue:
            prepareEncoder()
            let head = HTTPResponseHead(version: .http1_1, status: .continue)
            context?.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        case .respond(let head, let body):
            disarm()
            if let context, !isHTTP2 { services.connections.work(context.channel) }
            let isStream = head.method == .GET && head.isStreamTarget && services.port == .main
            if isStream { admit(head) } else { dispatch(head, body) }
        case .refuse(let problem):
            services.logger.debug("request refused", metadata: ["error": "\(problem.code)"])
            send(problem)
        case .finish where isHTTP2: arm(.answer)
        case .finish:
            context?.close(mode: .output, promise: nil)
            arm(.linger)
        case .close:
            context?.close(promise: nil)
        }
    }

    private func handleHeld() {
        // An answer that nobody reads stops the next request.
        guard !isHandlingHeld, let context, context.channel.isWritable else { return }
        isHandlingHeld = true
        while context.channel.isWritable, let action = state.nextHeld() {
            perform(action)
            holdBody()
        }
        isHandlingHeld = false
        settleTimer()
        if isReadHeldBack, state.wantsInput {
            isReadHeldBack = false
            context.read()
        }
    }

    private func dispatch(_ head: HTTPRequestHead, _ body: ByteBuffer) {
        guard let context else { return }
        let client = peer.client(head.headers)
        let answer = services.publisher?.answer(
            head, body, from: client, isSecure: peer.isSecure, on: context.eventLoop)
        switch answer {
        case .success(let receipt): return send(receipt.json)
        case .failure(let problem): return send(problem)
        case nil: break
        }
        guard let request = HTTPRequest(head) else { return send(Problem.malformedRequest) }
        let gate = NIOLoopBound(self, eventLoop: context.eventLoop)
        let api = APIRequest(
            head: request, body: body, port: services.port, client: client, isSecure: peer.isSecure,
            channel: context.channel, gate: gate
        )
        if case .terminated = services.requests.yield(api) { send(Problem.draining) }
    }

    // MARK: Answers

    private func send(_ json: ByteBuffer) {
        let fields: HTTPHeaders = ["Content-Type": "application/json", "Cache-Control": "no-store"]
        send(HTTPResponseHead(version: .http1_1, status: .ok, headers: fields), body: json)
    }

    func send(_ problem: Problem) {
        let response = problem.response
        let fields = response.headers.map { ($0.name.rawName, $0.value) }
        let status = HTTPResponseStatus(
            statusCode: problem.status.code, reasonPhrase: problem.status.reasonPhrase
        )
        send(
            HTTPResponseHead(version: .http1_1, status: status, headers: HTTPHeaders(fields)), body: problem.json
        )
    }

    /// Sends the answer to the present request, and goes on with what was held back.
    func send(_ head: HTTPResponseHead, body: ByteBuffer) {
        guard let context, state.phase == .responding else { return }
        prepareEncoder()
        var head = head
        head.headers.replaceOrAdd(name: "Date", value: HTTPDate.now)
        head.headers.complete(with: browserFields)
        head.completeLength(of: body, isHead: state.isHead)
        if isHTTP2 {
            // Whether the connection goes on is not for a response to say.
        } else if !state.keepsAlive {
            head.headers.replaceOrAdd(name: "Connection", value: "close")
        } else if state.isHTTP10 {
            head.headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !state.isHead, body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: abandoningRequest())
        releaseBody()
        perform(state.responded())
        handleHeld()
    }

    /// What the answer to the present request tells a browser.
    var browserFields: HTTPFields { services.browsers.fields(for: state.origin, isSecure: peer.isSecure) }

    /// Over HTTP/2, for an answer that goes out before the request is complete: once it has, the client is told that the rest is not
    /// wanted. https://www.rfc-editor.org/rfc/rfc9113#section-8.1
    private func abandoningRequest() -> EventLoopPromise<Void>? {
        guard case .http2Stream(let codec) = place, !state.isComplete, let context else { return nil }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess {
            let behind = try? context.pipeline.syncOperations.context(handler: codec)
            behind?.writeAndFlush(NIOAny(HTTP2Frame.FramePayload.rstStream(.noError)), promise: nil)
        }
        return promise
    }

    private func prepareEncoder() {
        guard !isHTTP2, encoder == nil, let context else { return }
        // An answer says how long it is by itself; the head of a stream has no length to tell of.
        var configuration = HTTPResponseEncoder.Configuration()
        configuration.automaticallySetFramingHeaders = false
        let encoder = HTTPResponseEncoder(configuration: configuration)
        self.encoder = encoder
        try? context.pipeline.syncOperations.addHandler(encoder, position: .before(self))
    }
}
