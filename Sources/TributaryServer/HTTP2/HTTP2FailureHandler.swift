import NIOCore

/// Stands between the socket and NIO's HTTP/2 handler, which says `GOAWAY` with the reason where a client breaks the rules of
/// the connection or floods it, and leaves the rest to others: closes the connection then. Its errors alone do not tell, as those
/// of a single stream look the same. What the client still sends is read and dropped for a moment, so that the reason is not lost
/// to a reset. Lives on its channel's event loop.
final class HTTP2FailureHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let limits: HTTPLimits
    private var context: ChannelHandlerContext?
    private var hasFailed = false

    /// Header of a frame, last stream and error: https://www.rfc-editor.org/rfc/rfc9113#section-6.8
    private static let goAway = (type: UInt8(0x07), header: 9, minimumLength: 17)

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !hasFailed { context.fireChannelRead(data) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        guard !hasFailed, case .byteBuffer(let bytes) = unwrapOutboundIn(data), Self.isFailure(bytes) else { return }
        hasFailed = true
        // It has been written and is sent before the next turn of the loop.
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.context?.close(mode: .output, promise: nil) }
        context.eventLoop.scheduleTask(in: limits.lingerTimeout) { bound.value.context?.close(promise: nil) }
    }

    /// Whether the bytes are a `GOAWAY` with an error. Contents of a `DATA` frame, which come as bytes of their own, do not pass
    /// for one: the frame's length is theirs by chance at most, and its bytes of zero are in no text.
    static func isFailure(_ bytes: ByteBuffer) -> Bool {
        let start = bytes.readerIndex
        guard bytes.readableBytes >= goAway.minimumLength, bytes.getInteger(at: start + 3) == goAway.type,
            let length: UInt32 = bytes.getInteger(at: start), Int(length >> 8) == bytes.readableBytes - goAway.header,
            bytes.getInteger(at: start + 5) == UInt32(0), let code: UInt32 = bytes.getInteger(at: start + 13)
        else { return false }
        return code != 0
    }
}
