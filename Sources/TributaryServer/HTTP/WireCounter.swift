import NIOCore

/// Counts what a client sends, before the HTTP/1 parser: what never becomes a part of a request, such as a chunk extension or a chunk
/// size without end, shows only here. Lives on its channel's event loop.
final class WireCounter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Since the gate set it to 0, when a request began or ended; less what became its body.
    var bytes = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
    }
}
