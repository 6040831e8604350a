import NIOCore
import NIOSSL
import TributaryCore

/// The end of a stream's connection: hands the session's bytes to the socket, and tells the session what became of it.
///
/// It stands before the HTTP handlers and outlives them. What the client still sends is read and dropped, so that its end is
/// noticed. Lives on its channel's event loop.
final class StreamChannelHandler: ChannelInboundHandler, StreamSink {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?
    /// The context's, which takes longer to say so.
    private var channel: (any Channel)?
    /// What is written goes to the socket as it is: from when the stream has opened, and not over TLS.
    private var isPlain = false
    /// Looked up with the first event, because that takes as long as an event.
    private var socket: StreamSocket?
    /// Written since the last flush: mostly one slice.
    private var first: ByteBuffer?
    private var more: [ByteBuffer] = []
    /// The channel has bytes that the socket has not taken.
    private var isChannelWaiting = false
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
    ///
    /// - Parameter isPlain: whether bytes go to the socket as they are.
    func open(_ request: StreamRequest, on hub: Hub, head: ByteBuffer, isPlain: Bool) {
        guard let context else { return hub.withdraw(request) }
        write(head)
        let session = hub.open(request, sink: self, on: context.eventLoop)
        if let earlyEnd {
            session.sinkClosed(earlyEnd)
        } else if !isClosing {
            self.session = session
            // The head goes out at once, even where the relay takes its time to confirm.
            _ = flush()
            self.isPlain = isPlain
        }
    }

    // MARK: StreamSink

    func write(_ bytes: ByteBuffer) {
        guard context != nil else { return }
        if first == nil { first = bytes } else { more.append(bytes) }
    }

    func flush() -> Bool {
        guard let context else { return false }
        if isPlain, !isChannelWaiting, channel?.isActive == true, sendAtOnce(context) { return true }
        handOver(to: context)
        isFlushing = true
        context.flush()
        isFlushing = false
        // With water marks of one byte, writable means that the kernel took everything.
        isChannelWaiting = !context.channel.isWritable
        return !isChannelWaiting
    }

    /// - Returns: false if something is left.
    private func sendAtOnce(_ context: ChannelHandlerContext) -> Bool {
        guard var bytes = first else { return true }
        if socket == nil { socket = StreamSocket(of: context.pipeline) }
        guard let socket else {
            isPlain = false
            return false
        }
        guard more.isEmpty else { return sendSeveral(over: socket) }
        bytes.moveReaderIndex(forwardBy: socket.offer(bytes))
        first = bytes.readableBytes == 0 ? nil : bytes
        return first == nil
    }

    private func sendSeveral(over socket: StreamSocket) -> Bool {
        var left = ([first].compactMap(\.self) + more)[...]
        var takesMore = true
        while takesMore, !left.isEmpty {
            let slices = left.prefix(StreamSocket.slicesPerCall)
            var sent = socket.offer(slices)
            takesMore = sent == slices.reduce(0) { $0 + $1.readableBytes }
            while let slice = left.first, slice.readableBytes <= sent {
                sent -= slice.readableBytes
                left.removeFirst()
            }
            if !left.isEmpty { left[left.startIndex].moveReaderIndex(forwardBy: sent) }
        }
        first = left.first
        more = Array(left.dropFirst())
        return left.isEmpty
    }

    private func handOver(to context: ChannelHandlerContext) {
        guard let bytes = first else { return }
        context.write(wrapOutboundOut(bytes), promise: nil)
        for bytes in more { context.write(wrapOutboundOut(bytes), promise: nil) }
        first = nil
        more = []
    }

    var pendingBytes: Int {
        let written = more.reduce(first?.readableBytes ?? 0) { $0 + $1.readableBytes }
        return written + ((try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0)
    }

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
        channel = context.channel
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(.client)
        self.context = nil
        channel = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard !isFlushing, context.channel.isWritable else { return }
        isChannelWaiting = false
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
