import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import TributaryCore

/// Stands behind the HTTP/1 parser of a connection and sees each request first: `GET /stream` is taken over by a stream,
/// everything else goes to the router, one request after the other.
///
/// It keeps the connection's limits: the body's size, the time for a head and a body, and how much a client may send ahead.
/// Lives on its channel's event loop.
final class ConnectionGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private let services: ConnectionServices
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var encoder: HTTPResponseEncoder?
    private var state: ConnectionState
    private var context: ChannelHandlerContext?
    private var timer: NIOScheduledCallback?
    private var timeout = Timeout.head
    /// Something other than bytes of an unfinished head came with this read.
    private var sawPart = false
    private var isReadHeldBack = false
    private var isHandlingHeld = false

    private enum Timeout {
        case head, body, idle, linger
    }

    /// - Parameter decoder: stands directly before the gate; both leave when a stream takes over.
    init(services: ConnectionServices, decoder: ByteToMessageHandler<HTTPRequestDecoder>) {
        self.services = services
        self.decoder = decoder
        state = ConnectionState(bodyLimit: services.limits.bodyBytes)
    }

    // MARK: Pipeline

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard services.connections.insert(context.channel) else { return context.close(promise: nil) }
        arm(.head)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        disarm()
        services.connections.remove(context.channel)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        sawPart = true
        perform(state.receive(.part(unwrapInboundIn(data))))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Bytes came and no part of a request: a head has begun.
        if !sawPart, state.isIdle, timeout == .idle { arm(.head) }
        sawPart = false
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
        case is ChannelShouldQuiesceEvent: perform(state.quiesce())
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Requests

    private func perform(_ action: ConnectionState.Action) {
        switch action {
        case .nothing: break
        case .sendContinue:
            prepareEncoder()
            let head = HTTPResponseHead(version: .http1_1, status: .continue)
            context?.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        case .respond(let head, let body):
            disarm()
            if head.method == .GET, head.isStreamTarget { admit(head) } else { dispatch(head, body) }
        case .refuse(let problem):
            services.logger.debug("request refused", metadata: ["error": "\(problem.code)"])
            send(problem)
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
        while context.channel.isWritable, let action = state.nextHeld() { perform(action) }
        isHandlingHeld = false
        settleTimer()
        if isReadHeldBack, state.wantsInput {
            isReadHeldBack = false
            context.read()
        }
    }

    private func dispatch(_ head: HTTPRequestHead, _ body: ByteBuffer) {
        guard let context, let request = try? HTTPRequest(head, secure: false, splitCookie: false) else {
            return send(Problem.malformedRequest)
        }
        let gate = NIOLoopBound(self, eventLoop: context.eventLoop)
        let api = APIRequest(head: request, body: body, channel: context.channel, gate: gate)
        if case .terminated = services.requests.yield(api) { send(Problem.draining) }
    }

    // MARK: Streams

    /// Asks the hub for a place. Until it answers, what the client sends is held back as for any other request.
    private func admit(_ head: HTTPRequestHead) {
        guard let context else { return }
        let request: StreamRequest
        do throws(Problem) {
            request = try services.admission.parse(
                target: head.uri,
                lastEventID: head.headers["last-event-id"],
                userAgent: head.headers.first(name: "user-agent"),
                peer: context.remoteAddress?.hostText ?? "unknown"
            )
        } catch {
            return send(error)
        }
        services.hub.admit(request, on: context.eventLoop).hop(to: context.eventLoop).assumeIsolated()
            .whenComplete { self.admitted(request, $0) }
    }

    private func admitted(_ request: StreamRequest, _ outcome: Result<Void, any Error>) {
        switch outcome {
        case .failure(let error): send(Problem(error) ?? .internalError)
        case .success:
            guard let context, context.channel.isActive, state.isAwaited else {
                services.hub.withdraw(request)
                // A client that half-closed its connection would not be noticed any more by a stream.
                self.context?.close(promise: nil)
                return
            }
            do throws(Problem) {
                try takeOver(request, context: context)
            } catch {
                services.hub.withdraw(request)
                send(error)
            }
        }
    }

    /// The raw handler goes in before the HTTP handlers, which then leave: no more than it stays for the stream.
    private func takeOver(_ request: StreamRequest, context: ChannelHandlerContext) throws(Problem) {
        let stream = StreamChannelHandler()
        let pipeline = context.pipeline.syncOperations
        do {
            try context.channel.syncOptions?.becomeStream()
            try pipeline.addHandler(stream, position: .before(decoder))
        } catch {
            throw .internalError
        }
        state.streamTookOver()
        if isReadHeldBack { context.read() }
        isReadHeldBack = false
        pipeline.removeHandler(decoder, promise: nil)
        if let encoder { pipeline.removeHandler(encoder, promise: nil) }
        let hub = services.hub
        pipeline.removeHandler(self, promise: nil)
        stream.open(request, on: hub, head: StreamResponseHead.bytes(date: HTTPDate.now))
    }

    // MARK: Answers

    private func send(_ problem: Problem) {
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
        if !state.keepsAlive {
            head.headers.replaceOrAdd(name: "Connection", value: "close")
        } else if state.isHTTP10 {
            head.headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !state.isHead, body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        perform(state.responded())
        handleHeld()
    }

    private func prepareEncoder() {
        guard encoder == nil, let context else { return }
        let encoder = HTTPResponseEncoder()
        self.encoder = encoder
        try? context.pipeline.syncOperations.addHandler(encoder, position: .before(self))
    }
}

// MARK: Time

extension ConnectionGate: NIOScheduledCallbackHandler {
    func handleScheduledCallback(eventLoop: some EventLoop) {
        timer = nil
        perform(state.timedOut(tell: timeout != .idle))
    }

    /// Starts the time for a body that did not come with its head, and for the next request.
    private func settleTimer() {
        if state.isIdle, timer == nil {
            arm(.idle)
        } else if state.phase == .receivingBody, timer == nil || timeout != .body {
            arm(.body)
        }
    }

    private func arm(_ timeout: Timeout) {
        disarm()
        self.timeout = timeout
        let limits = services.limits
        let time =
            switch timeout {
            case .head: limits.headTimeout
            case .body: limits.bodyTimeout
            case .idle: limits.idleTimeout
            case .linger: limits.lingerTimeout
            }
        timer = try? context?.eventLoop.assumeIsolated().scheduleCallback(in: time, handler: self)
    }

    private func disarm() {
        timer?.cancel()
        timer = nil
    }
}
