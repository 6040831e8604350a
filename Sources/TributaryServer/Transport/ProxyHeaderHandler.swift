import Logging
import NIOCore

/// Takes the header of the PROXY protocol from the beginning of a connection, then hands over to what reads the rest. Lives on its
/// channel's event loop.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let setup: ConnectionSetup
    private var bytes = ByteBuffer()
    private var deadline: Scheduled<Void>?

    init(setup: ConnectionSetup) {
        self.setup = setup
    }

    func handlerAdded(context: ChannelHandlerContext) {
        deadline = setup.services.takeIn(context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var new = unwrapInboundIn(data)
        bytes.writeBuffer(&new)
        do {
            guard let header = try ProxyHeader.parse(bytes.readableBytesView) else { return }
            bytes.moveReaderIndex(forwardBy: header.length)
            let socket = context.channel.remoteAddress.flatMap { IPAddress($0) }
            try setup.addTransport(to: context.channel, from: header.source ?? socket)
            if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            setup.services.logger.debug("connection closed", metadata: ["error": "no header of the PROXY protocol"])
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed, is ChannelShouldQuiesceEvent: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        setup.services.connections.remove(context.channel)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
