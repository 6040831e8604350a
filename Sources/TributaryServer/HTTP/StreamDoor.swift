import NIOCore
import NIOHTTP1
import TributaryCore

/// Meets a connection that speaks HTTP/1. Where the first that it says is a request for a stream in one piece, that is all that is ever
/// read of it, and a stream takes over; everything else goes to the parser and the ``ConnectionGate``, from the first byte on.
///
/// Streams are most of what the hub's connections are for, and most of them begin like this: they need no parser. Lives on its channel's
/// event loop.
final class StreamDoor: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = Never

    private enum State {
        /// The head has not come, or a part of it.
        case waiting(deadline: NIODeadline, part: ByteBuffer?)
        /// A stream is asked for; what comes meanwhile is held back.
        case deciding(HTTPRequestHead, held: ByteBuffer?)
        case over
    }

    private let setup: ConnectionSetup
    private let peer: ConnectionPeer
    private var state: State
    private var timer: NIOScheduledCallback?
    private var context: ChannelHandlerContext?
    private var isInputClosed = false
    private var isQuiescing = false
    private var isReadHeldBack = false
    private var partCount = 0

    /// 4 parts of a head, and 4 KiB: as browsers send it. Whoever takes longer has the parser's patience.
    private static let partLimit = 4
    static let byteLimit = 4 << 10

    private var services: ConnectionServices { setup.services }

    init(setup: ConnectionSetup, peer: ConnectionPeer) {
        self.setup = setup
        self.peer = peer
        state = .waiting(deadline: .now() + setup.services.limits.headTimeout, part: nil)
    }

    // MARK: Pipeline

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard services.connections.insert(context.channel) else { return context.close(promise: nil) }
        services.connections.wait(context.channel)
        guard case .waiting(let deadline, _) = state else { return }
        timer = try? context.eventLoop.assumeIsolated().scheduleCallback(at: deadline, handler: self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
        // The gate keeps a connection that goes on.
        if case .over = state { return }
        state = .over
        services.connections.remove(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch state {
        case .waiting(let deadline, var part):
            if part?.writeImmutableBuffer(bytes) == nil { part = bytes }
            partCount += 1
            state = .waiting(deadline: deadline, part: part)
            meet(part ?? bytes, context)
        case .deciding(let head, var held):
            if held?.writeImmutableBuffer(bytes) == nil { held = bytes }
            state = .deciding(head, held: held)
        case .over:
            context.fireChannelRead(data)
        }
    }

    func read(context: ChannelHandlerContext) {
        if case .deciding = state { isReadHeldBack = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: isInputClosed = true
        case is ChannelShouldQuiesceEvent: isQuiescing = true
        default: return context.fireUserInboundEventTriggered(event)
        }
        if case .deciding = state { return }
        giveWay { _, context in context.fireUserInboundEventTriggered(event) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Decisions

    private func meet(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let limit = min(Self.byteLimit, services.limits.headBytes)
        switch bytes.withUnsafeReadableBytes({ HTTPRequestHead.plainStreamRequest($0, limit: limit) }) {
        case .other: giveWay()
        case .incomplete where partCount >= Self.partLimit: giveWay()
        case .incomplete: break
        case .complete(let head):
            timer?.cancel()
            timer = nil
            services.connections.work(context.channel)
            state = .deciding(head, held: nil)
            services.admit(head, from: peer, on: context.eventLoop) { self.decided($0) }
        }
    }

    private func decided(_ outcome: Result<StreamRequest, Problem>) {
        guard case .deciding(let head, let held) = state, let context else {
            if case .success(let request) = outcome { services.hub.withdraw(request) }
            return
        }
        switch outcome {
        case .success(let request): open(request, head, context)
        case .failure(let problem): refuse(head, problem, held, context)
        }
    }

    private func open(_ request: StreamRequest, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard context.channel.isActive, !isInputClosed else {
            services.hub.withdraw(request)
            // A stream would not notice that the client has half-closed its connection.
            return context.close(promise: nil)
        }
        do throws(Problem) {
            try services.open(request, from: peer, origin: head.origin, on: context, insteadOf: self) {
                services.connections.remove(context.channel)
                state = .over
                resumeReading(context)
                context.pipeline.syncOperations.removeHandler(self, promise: nil)
            }
        } catch {
            services.hub.withdraw(request)
            context.close(promise: nil)
        }
    }

    private func refuse(
        _ head: HTTPRequestHead, _ problem: Problem, _ held: ByteBuffer?, _ context: ChannelHandlerContext
    ) {
        giveWay { gate, context in
            gate.answer(head, with: problem, isInputClosed: isInputClosed, isQuiescing: isQuiescing)
            if let held {
                context.fireChannelRead(wrapInboundOut(held))
                context.fireChannelReadComplete()
            }
            resumeReading(context)
        }
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard isReadHeldBack else { return }
        isReadHeldBack = false
        context.read()
    }

    /// The parser and the gate take the connection over, from what has come on.
    ///
    /// - Parameter next: what comes after that.
    private func giveWay(then next: (ConnectionGate, ChannelHandlerContext) -> Void = { _, _ in }) {
        guard let context else { return }
        timer?.cancel()
        var deadline: NIODeadline?
        var part: ByteBuffer?
        if case .waiting(let end, let bytes) = state { (deadline, part) = (end, bytes) }
        state = .over
        do {
            let gate = try setup.addParser(to: context.channel, peer, isKept: true, headDeadline: deadline)
            if let part { context.fireChannelRead(wrapInboundOut(part)) }
            next(gate, context)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            services.connections.remove(context.channel)
            context.close(promise: nil)
        }
    }
}

extension StreamDoor: NIOScheduledCallbackHandler {
    func handleScheduledCallback(eventLoop: some EventLoop) {
        timer = nil
        // That the time is over is the gate's to tell, which has no more of it.
        giveWay()
    }
}
