import NIOCore
import NIOSSL
import TributaryCore

/// The end of a stream's connection where a channel has its socket, as over TLS: hands the session's bytes over, and tells the session
/// what became of them. A plain connection's is a ``SocketStream``.
///
/// It stands before the HTTP handlers and outlives them. What the client still sends is read and dropped, so that its end is
/// noticed. Lives on its channel's event loop.
final class StreamChannelHandler: ChannelInboundHandler, StreamSink {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?
    private var session: StreamSession?
    /// What ended the connection before there was a session to tell.
    private var earlyEnd: StreamCloseReason?
    private var isFlushing = false
    private var isClosing = false

    /// 2 s: as long as an HTTP connection may linger.
    private static let closeTimeout = TimeAmount.seconds(2)

    /// Goes into a connection's pipeline, for those to leave that had it before.
    ///
    /// - Parameter handler: the first of them.
    /// - Throws: `internal_error` where there is no such connection any more.
    func takeOver(_ context: ChannelHandlerContext, before handler: any ChannelHandler) throws(Problem) {
        do {
            try context.channel.syncOptions?.becomeStream()
            try context.pipeline.syncOperations.addHandler(self, position: .before(handler))
        } catch {
            throw .internalError
        }
    }

    /// Opens the stream on the hub, once the handler is in the pipeline.
    func open(_ request: StreamRequest, on hub: Hub, head: ByteBuffer) {
        guard let context else { return hub.withdraw(request) }
        write(head)
        let session = hub.open(request, sink: self, on: context.eventLoop)
        if let earlyEnd {
            session.sinkClosed(earlyEnd)
        } else if !isClosing {
            self.session = session
            // The head goes out at once, even where the relay takes its time to confirm.
            _ = flush()
        }
    }

    // MARK: StreamSink

    func write(_ bytes: ByteBuffer) {
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    func flush() -> Bool {
        guard let context else { return false }
        isFlushing = true
        context.flush()
        isFlushing = false
        // With water marks of one byte, writable means that the kernel took everything.
        return context.channel.isWritable
    }

    var pendingBytes: Int { (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    func close() {
        session = nil
        isClosing = true
        guard let context else { return }
        if flush() {
            context.close(promise: nil)
        } else {
            // The last frame has this long to leave; a socket that takes nothing is then closed without it.
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: Self.closeTimeout) { bound.value.context?.close(promise: nil) }
        }
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(.client)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard !isFlushing, context.channel.isWritable else { return }
        if isClosing {
            context.close(promise: nil)
        } else {
            session?.sinkDrained()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else { return }
        // The close itself is a good part of what a stream's end costs.
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        end(.client) { bound.value.context?.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.client)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Many clients leave without a word of TLS.
        if case NIOSSLError.uncleanShutdown = error { end(.client) } else { end(.error) }
        context.close(promise: nil)
    }

    private func end(_ reason: StreamCloseReason, done: @escaping () -> Void = {}) {
        guard let session else {
            earlyEnd = earlyEnd ?? reason
            return done()
        }
        self.session = nil
        session.sinkClosed(reason, done: done)
    }
}
