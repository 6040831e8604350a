import NIOCore

/// The end of a command connection's pipeline: handshake, pipelined commands, answers in their order.
///
/// Lives on its channel's event loop, and so does each call.
final class RedisCommandHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    typealias Waiter = EventLoopPromise<RESPValue>

    /// Succeeds once the handshake is done.
    let ready: EventLoopPromise<Void>
    /// Succeeds with the cause when the connection can no longer be used; TLS may take seconds more to close it.
    let ended: EventLoopPromise<RedisError>
    private let configuration: RedisConfiguration
    private var handshake: Handshake
    private var queue: CommandQueue<Waiter>
    private var reader: RESPReader?
    private var context: ChannelHandlerContext?
    /// Written in this turn of the loop, and sent together at its end.
    private var outgoing = ByteBuffer()
    private var isFlushScheduled = false
    private var timer: Scheduled<Void>?
    /// Why the connection ends; the first cause counts.
    private(set) var failure: RedisError?
    private var isClosing = false

    /// - Parameter isSentinel: see ``Handshake``.
    init(
        configuration: RedisConfiguration, eventLoop: any EventLoop, isSentinel: Bool = false
    ) throws(RedisError) {
        self.configuration = configuration
        ready = eventLoop.makePromise()
        ended = eventLoop.makePromise()
        handshake = try Handshake(configuration, isSentinel: isSentinel)
        queue = CommandQueue(
            maximumPending: configuration.maximumPendingCommands,
            maximumUnsentBytes: configuration.maximumUnsentBytes,
            timeout: .milliseconds(Int64(configuration.commandTimeoutMilliseconds))
        )
        let sink = ValueSink(maximumBytes: configuration.maximumReplyBytes) { [unowned self] in receive($0) }
        reader = RESPReader(sink: sink, maximumBufferedBytes: configuration.maximumReplyBytes)
    }

    /// Sends `command` after all before it.
    func send(_ command: ByteBuffer, answer: Waiter) {
        guard let context, failure == nil, !isClosing else { return answer.fail(failure ?? .closed) }
        guard queue.enqueue(answer, bytes: command.readableBytes, now: .now()) else {
            return answer.fail(RedisError.overloaded)
        }
        outgoing.writeImmutableBuffer(command)
        armTimer(context)
        if !isFlushScheduled {
            isFlushScheduled = true
            context.eventLoop.assumeIsolated().execute { self.flush() }
        }
    }

    /// Ends the connection once every command sent has its answer, or as soon as one is overdue.
    func close() {
        isClosing = true
        if queue.isEmpty || !handshake.isDone { fail(.closed) }
    }

    deinit {
        // Of a socket that was tried beside another one, and never used.
        ready.fail(RedisError.closed)
        ended.succeed(.closed)
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

    /// Another master is to be found when this one has become a replica.
    private var followsMaster: Bool {
        if case .sentinel = configuration.address { true } else { false }
    }

    private func start(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(handshake.bytes), promise: nil)
        let timeout = TimeAmount.milliseconds(Int64(configuration.handshakeTimeoutMilliseconds))
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            self.timer = nil
            self.fail(.timeout("connected, but the handshake was not answered"))
        }
    }

    private func receive(_ reply: RESPValue) {
        guard failure == nil else { return }
        guard handshake.isDone else {
            switch handshake.receive(reply) {
            case .unfinished: break
            case .failed(let error): fail(error)
            case .done:
                timer?.cancel()
                timer = nil
                ready.succeed()
            }
            return
        }
        guard let waiter = queue.dequeue() else {
            if case .error(let text) = reply { return fail(.connectionLost(text)) }
            return fail(.protocolViolation("a reply that nobody asked for"))
        }
        if case .error(let text) = reply {
            waiter.fail(RedisError(serverText: text))
            if followsMaster, text.hasPrefix("READONLY") { return fail(.connectionLost("Redis is no master any more")) }
        } else {
            waiter.succeed(reply)
        }
        if isClosing, queue.isEmpty { fail(.closed) }
    }

    private func flush() {
        isFlushScheduled = false
        guard let context, failure == nil, outgoing.readableBytes > 0 else { return }
        let bytes = outgoing.readableBytes
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.queue.sent(bytes: bytes) }
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: written)
        outgoing = ByteBuffer()
    }

    /// One timer for the oldest command: deadlines come in the order of the queue.
    private func armTimer(_ context: ChannelHandlerContext) {
        guard timer == nil, let deadline = queue.deadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            if let deadline = self.queue.deadline, deadline <= .now() {
                self.fail(.timeout("a command"))
            } else if let context = self.context {
                self.armTimer(context)
            }
        }
    }

    private func fail(_ error: RedisError) {
        guard failure == nil else { return }
        failure = error
        timer?.cancel()
        timer = nil
        ready.fail(error)
        ended.succeed(error)
        for waiter in queue.removeAll() { waiter.fail(error) }
        context?.close(promise: nil)
    }
}
