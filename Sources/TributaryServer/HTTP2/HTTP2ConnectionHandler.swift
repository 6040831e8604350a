import Logging
import NIOCore
import NIOHTTP2

/// An HTTP/2 connection as such: how long it stays without streams, and how it ends. Its streams are channels of their own. Lives
/// on its channel's event loop.
final class HTTP2ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let services: ConnectionServices
    private var state = HTTP2ConnectionState()
    private var context: ChannelHandlerContext?
    private var timer: (kind: HTTP2ConnectionState.Timer, scheduled: Scheduled<Void>)?

    init(services: ConnectionServices) {
        self.services = services
    }

    /// Hears of the streams.
    func streams(on eventLoop: any EventLoop) -> some NIOHTTP2StreamDelegate {
        Streams(connection: NIOLoopBound(self, eventLoop: eventLoop))
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard services.connections.insert(context.channel) else { return context.close(promise: nil) }
        settleTimer()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.scheduled.cancel()
        timer = nil
        services.connections.remove(context.channel)
        self.context = nil
    }

    /// Frames of the connection itself; NIO has dealt with them.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ServerDrainsEvent: perform(state.drain())
        case is ChannelShouldQuiesceEvent: perform(state.quiesce())
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        services.logger.debug("HTTP/2 error", metadata: ["error": "\(error)"])
        // One of a stream has ended that stream; after one of the connection, NIO has said so, and `HTTP2FailureHandler` closes.
        if !(error is any NIOHTTP2Error) { context.close(promise: nil) }
    }

    // MARK: -

    private func perform(_ action: HTTP2ConnectionState.Action) {
        switch action {
        case .nothing: break
        case .announce: goAway(.maxID)
        case .leave(let last, let closes):
            goAway(last)
            if closes { closeSoon() }
        case .close: closeSoon()
        }
        settleTimer()
    }

    private func goAway(_ last: HTTP2StreamID) {
        let frame = HTTP2Frame(
            streamID: .rootStream, payload: .goAway(lastStreamID: last, errorCode: .noError, opaqueData: nil)
        )
        context?.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    /// The last frames may have been written and not yet sent.
    private func closeSoon() {
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.context?.close(promise: nil) }
    }

    private func settleTimer() {
        guard let context, state.timer != timer?.kind else { return }
        timer?.scheduled.cancel()
        timer = nil
        // Without a stream it waits for its client, and may have to make room.
        guard let kind = state.timer else { return services.connections.work(context.channel) }
        services.connections.wait(context.channel)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = (kind, context.eventLoop.scheduleTask(in: services.limits.time(for: kind)) { bound.value.timeIsUp() })
    }

    private func timeIsUp() {
        timer = nil
        perform(state.timedOut())
    }

    /// On the connection's event loop.
    private struct Streams: NIOHTTP2StreamDelegate {
        let connection: NIOLoopBound<HTTP2ConnectionHandler>

        func streamCreated(_ id: HTTP2StreamID, channel: any Channel) {
            let connection = connection.value
            connection.state.opened(id)
            connection.settleTimer()
        }

        func streamClosed(_ id: HTTP2StreamID, channel: any Channel) {
            let connection = connection.value
            connection.perform(connection.state.closed())
        }
    }
}

extension HTTPLimits {
    fileprivate func time(for timer: HTTP2ConnectionState.Timer) -> TimeAmount {
        switch timer {
        case .head: headTimeout
        case .idle: idleTimeout
        }
    }
}
