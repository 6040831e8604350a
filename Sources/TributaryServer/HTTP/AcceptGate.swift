import Logging
import NIOCore

/// Accepts while there is room: beyond that, connections wait in the kernel until one that was waiting for its client has gone.
///
/// So the process never runs out of files, which would keep it from accepting anything, and Redis' connections from coming back.
///
/// It also accepts the next connections only when those of the last read are set up on their event loops: a loop does all tasks it
/// is given before it looks at its sockets, so that connections handed to it without end would keep it from its streams.
/// Lives on its listening channel's event loop.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    private let connections: OpenConnections
    private var log: NoRoomLog
    private var isHeldBack = false
    /// Event loops that were given connections in this read.
    private var givenTo: [any EventLoop] = []
    /// Event loops that have yet to set up what they were given.
    private var settingUp = 0
    private var isReadAskedFor = false

    init(connections: OpenConnections, logger: Logger) {
        self.connections = connections
        log = NoRoomLog(logger)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let connection = unwrapInboundIn(data)
        connections.enter()
        connections.leave(with: connection)
        let eventLoop = connection.eventLoop
        if eventLoop !== context.eventLoop, !givenTo.contains(where: { $0 === eventLoop }) { givenTo.append(eventLoop) }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        let own = context.eventLoop
        settingUp += givenTo.count
        for eventLoop in givenTo {
            // Tasks are done in turn: this one when the connections before it are set up.
            eventLoop.execute { own.execute { bound.value.gate.setUp(bound.value.context) } }
        }
        givenTo.removeAll(keepingCapacity: true)
        context.fireChannelReadComplete()
    }

    private func setUp(_ context: ChannelHandlerContext) {
        settingUp -= 1
        guard settingUp == 0, isReadAskedFor else { return }
        isReadAskedFor = false
        if context.channel.isActive { read(context: context) }
    }

    func read(context: ChannelHandlerContext) {
        guard settingUp == 0 else {
            isReadAskedFor = true
            return
        }
        guard !isHeldBack else { return }
        let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let mayAccept = connections.mayAccept { eventLoop.execute { bound.value.gate.resume(bound.value.context) } }
        if mayAccept { return context.read() }
        isHeldBack = true
        log.tell()
    }

    private func resume(_ context: ChannelHandlerContext) {
        isHeldBack = false
        // Where the listener has closed meanwhile, that is nothing.
        if context.channel.isActive { read(context: context) }
    }
}
