import DequeModule
import NIOCore
import NIOHPACK
import NIOHTTP2
import TributaryCore

/// The end of a stream over HTTP/2: ``StreamChannelHandler``'s counterpart on a channel that is one stream of a connection.
///
/// What the client's window or the socket does not take stays here, as slices of what all streams share: no more than a portion is
/// handed on at a time, so that a connection on which many streams wait copies and encrypts no more than that for each.
///
/// What one stream sends can end the connection, or fill its socket, for all others: so nothing but an answer to its own calls is
/// told to the session before the next turn of the loop. Lives on its channel's event loop.
final class HTTP2StreamHandler: ChannelInboundHandler, StreamSink {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private var context: ChannelHandlerContext?
    private var session: StreamSession?
    /// What ended the stream before there was a session to tell.
    private var earlyEnd: StreamCloseReason?
    private var waiting: Deque<ByteBuffer> = []
    private var waitingBytes = 0
    /// Of what was handed on last.
    private var portionBytes = 0
    private var isHandingOn = false
    private var isClosing = false
    private var hasEnded = false
    private var isResuming = false

    /// 16 KiB: the standard size of a frame, and what the kernel holds for a slow reader over HTTP/1.
    private static let portion = 16 << 10
    /// 2 s: as over HTTP/1.
    private static let closeTimeout = TimeAmount.seconds(2)

    /// Opens the stream on the hub, once the handler is in the pipeline.
    func open(_ request: StreamRequest, on hub: Hub, head: HPACKHeaders) {
        guard let context else { return hub.withdraw(request) }
        context.write(wrapOutboundOut(.headers(.init(headers: head))), promise: nil)
        let session = hub.open(request, sink: self, on: context.eventLoop)
        if let earlyEnd {
            session.sinkClosed(earlyEnd)
        } else if !isClosing {
            self.session = session
            // The head goes out at once, even where the relay takes its time to confirm.
            context.flush()
            _ = flush()
        }
    }

    // MARK: StreamSink

    func write(_ bytes: ByteBuffer) {
        guard context != nil, bytes.readableBytes > 0 else { return }
        waiting.append(bytes)
        waitingBytes += bytes.readableBytes
    }

    func flush() -> Bool {
        handOn()
        return isDrained
    }

    var pendingBytes: Int {
        guard let context else { return 0 }
        return waitingBytes + (context.channel.isWritable ? 0 : portionBytes)
    }

    func close() {
        session = nil
        isClosing = true
        guard let context else { return }
        handOn()
        guard !hasEnded || !context.channel.isWritable else { return }
        // The last frame has this long to leave; a client that takes nothing loses it.
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.closeTimeout) { bound.value.context?.close(promise: nil) }
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(.client)
        self.context = nil
    }

    /// The request is complete; nothing that comes behind it is of interest.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard !isHandingOn, context.channel.isWritable else { return }
        resumeSoon()
    }

    /// A shutdown ends streams by themselves.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {}

    func channelInactive(context: ChannelHandlerContext) {
        end(.client)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(error is NIOHTTP2Errors.StreamClosed ? .client : .error)
        context.close(promise: nil)
    }

    // MARK: -

    private var isDrained: Bool { waiting.isEmpty && context?.channel.isWritable ?? false }

    /// Hands on what is taken at once, a portion at a time.
    private func handOn() {
        guard let context, !isHandingOn else { return }
        isHandingOn = true
        while !waiting.isEmpty, context.channel.isWritable {
            portionBytes = 0
            while portionBytes < Self.portion, var next = waiting.popFirst() {
                let room = Self.portion - portionBytes
                if next.readableBytes > room, let part = next.readSlice(length: room) {
                    waiting.prepend(next)
                    next = part
                }
                portionBytes += next.readableBytes
                context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(next)))), promise: nil)
            }
            waitingBytes -= portionBytes
            context.flush()
        }
        if waiting.isEmpty {
            // Without the room that it once took.
            waiting = []
            if isClosing, !hasEnded, self.context != nil {
                hasEnded = true
                let end = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer()), endStream: true)
                context.writeAndFlush(wrapOutboundOut(.data(end)), promise: nil)
            }
        }
        isHandingOn = false
    }

    private func resumeSoon() {
        guard let context, !isResuming else { return }
        isResuming = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.resume() }
    }

    private func resume() {
        isResuming = false
        handOn()
        if isDrained { session?.sinkDrained() }
    }

    private func end(_ reason: StreamCloseReason) {
        guard earlyEnd == nil else { return }
        earlyEnd = reason
        waiting = []
        waitingBytes = 0
        guard let session, let context else { return }
        self.session = nil
        let bound = NIOLoopBound((session, reason), eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.0.sinkClosed(bound.value.1) }
    }
}
