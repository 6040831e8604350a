import Logging
import NIOCore
import NIOTLS

/// Waits behind TLS until the handshake is over, then adds what speaks the version of HTTP that the two sides agreed on. Lives on
/// its channel's event loop.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let setup: ConnectionSetup
    private let peer: ConnectionPeer
    private var deadline: Scheduled<Void>?

    init(setup: ConnectionSetup, peer: ConnectionPeer) {
        self.setup = setup
        self.peer = peer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        deadline = setup.services.takeIn(context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let version):
            do {
                if version == "h2" {
                    try setup.addHTTP2(to: context.channel, peer)
                } else {
                    try setup.addHTTP1(to: context.channel, peer)
                }
                // TLS gives the first bytes on after this event: they find what was added.
                context.pipeline.syncOperations.removeHandler(self, promise: nil)
            } catch {
                context.close(promise: nil)
            }
        case ChannelEvent.inputClosed, is ChannelShouldQuiesceEvent:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        setup.services.connections.remove(context.channel)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        setup.services.logger.debug("no TLS", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }
}
