import Logging
import NIOCore

/// Accepts while there is room: beyond that, connections wait in the kernel until one that was waiting for its client has gone.
///
/// So the process never runs out of files, which would keep it from accepting anything, and Redis' connections from coming back.
/// Lives on its listening channel's event loop.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    private let connections: OpenConnections
    private let logger: Logger
    private var isHeldBack = false
    private var loggedAt: NIODeadline?

    init(connections: OpenConnections, logger: Logger) {
        self.connections = connections
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connections.count(unwrapInboundIn(data))
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        guard !isHeldBack else { return }
        let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let mayAccept = connections.mayAccept { eventLoop.execute { bound.value.gate.resume(bound.value.context) } }
        if mayAccept { return context.read() }
        isHeldBack = true
        log()
    }

    private func resume(_ context: ChannelHandlerContext) {
        isHeldBack = false
        // Where the listener has closed meanwhile, that is nothing.
        if context.channel.isActive { read(context: context) }
    }

    /// At most once a second.
    private func log() {
        let now = NIODeadline.now()
        if let loggedAt, now - loggedAt < .seconds(1) { return }
        loggedAt = now
        logger.warning("no room for connections: those that wait longest for their client are closed")
    }
}
