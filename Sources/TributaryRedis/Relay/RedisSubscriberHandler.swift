import NIOCore
import TributaryCore

/// Who acts on what the subscriber connection says. Called on the relay's event loop.
protocol RedisSubscriberDelegate: AnyObject {
    func subscriber(_ subscriber: RedisSubscriberHandler, replied reply: PushSink.Reply)
    func subscriber(_ subscriber: RedisSubscriberHandler, probed payload: UnsafeRawBufferPointer)
    /// Called once. Not before the delegate was set.
    func subscriber(_ subscriber: RedisSubscriberHandler, endedWith error: RedisError)
}

/// The end of the subscriber connection's pipeline: handshake, then pushes. Never pauses reading: Redis cuts a
/// subscriber that leaves 32 MB unread.
///
/// Lives on the relay's event loop, and so does each call.
final class RedisSubscriberHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Succeeds once the handshake is done.
    let ready: EventLoopPromise<Void>
    /// Set when ``ready`` has succeeded.
    weak var delegate: (any RedisSubscriberDelegate)?
    private var handshake: Handshake
    private let handshakeTimeout: TimeAmount
    private var sink: PushSink?
    private var reader: RESPReader?
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    /// Why the connection ends; the first cause counts.
    private(set) var failure: RedisError?

    /// - Parameter maximumPayloadBytes: see ``PushSink``.
    init(
        configuration: RedisConfiguration,
        eventLoop: any EventLoop,
        topics: TopicTable,
        receiver: any RelayReceiver,
        control: String,
        nodes: [String],
        maximumPayloadBytes: Int
    ) throws(RedisError) {
        ready = eventLoop.makePromise()
        handshake = try Handshake(configuration)
        handshakeTimeout = .milliseconds(Int64(configuration.handshakeTimeoutMilliseconds))
        let sink = PushSink(
            topics: topics,
            receiver: receiver,
            control: control,
            nodes: nodes,
            maximumPayloadBytes: maximumPayloadBytes,
            replied: { [unowned self] in receive($0) },
            probed: { [unowned self] in delegate?.subscriber(self, probed: $0) }
        )
        sink.isShakingHands = true
        self.sink = sink
        reader = RESPReader(sink: sink, maximumBufferedBytes: max(maximumPayloadBytes, RedisRelay.maximumMessageBytes))
    }

    /// Succeeds when the socket is closed; `nil` if it is.
    var closeFuture: EventLoopFuture<Void>? { context?.channel.closeFuture }

    deinit {
        // Of a socket that was tried beside another one, and never used.
        ready.fail(RedisError.closed)
    }

    func send(_ commands: ByteBuffer) {
        guard let context, failure == nil else { return }
        context.writeAndFlush(wrapOutboundOut(commands), promise: nil)
    }

    /// Ends the connection; the delegate hears `error`.
    func fail(_ error: RedisError) {
        guard failure == nil else { return }
        failure = error
        timer?.cancel()
        timer = nil
        sink?.finishBatch()
        ready.fail(error)
        delegate?.subscriber(self, endedWith: error)
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(.connectionLost("closed"))
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.connectionLost("Redis closed it"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail((error as? RedisError) ?? .connectionLost(RedisConnector.text(of: error)))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil, let reader else { return }
        do {
            try unwrapInboundIn(data).withUnsafeReadableBytes { bytes throws(RedisError) in try reader.feed(bytes) }
        } catch {
            fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        sink?.finishBatch()
    }

    private func start(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(handshake.bytes), promise: nil)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: handshakeTimeout) {
            self.timer = nil
            self.fail(.timeout("connected, but the handshake was not answered"))
        }
    }

    private func receive(_ reply: PushSink.Reply) {
        guard failure == nil else { return }
        guard !handshake.isDone else {
            delegate?.subscriber(self, replied: reply)
            return
        }
        let outcome =
            switch reply {
            case .value(let value): handshake.receive(value)
            case .refused(let text): handshake.receive(.error(text))
            case .subscribed, .unsubscribed, .pong: Handshake.Outcome.failed(.protocolViolation("a push too early"))
            }
        switch outcome {
        case .unfinished: break
        case .failed(let error): fail(error)
        case .done:
            timer?.cancel()
            timer = nil
            sink?.isShakingHands = false
            ready.succeed()
        }
    }
}
