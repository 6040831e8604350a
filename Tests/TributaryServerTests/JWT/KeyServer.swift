import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// An issuer that publishes its keys on a free port, as long as a test needs it.
final class KeyServer: Sendable {
    /// What it answers; a change holds from the next request on.
    struct Answer: Sendable {
        var status = HTTPResponseStatus.ok
        var headers = HTTPHeaders()
        var body = ""
        /// It takes requests and says nothing.
        var isSilent = false
    }

    private struct State {
        var answer: Answer
        var requests: [String] = []
    }

    private let state: NIOLockedValueBox<State>
    private let channel: any Channel

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/keys" }
    var requests: [String] { state.withLockedValue { $0.requests } }

    private init(_ state: NIOLockedValueBox<State>, _ channel: any Channel) {
        self.state = state
        self.channel = channel
    }

    static func run(_ answer: Answer, _ body: (KeyServer) async throws -> Void) async throws {
        let state = NIOLockedValueBox(State(answer: answer))
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = KeyServer(state, channel)
        do {
            try await body(server)
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }

    func answer(_ answer: Answer) { state.withLockedValue { $0.answer = answer } }

    /// Listens no more; a second time it does nothing.
    func stop() async throws { if channel.isActive { try await channel.close() } }

    /// Lives on its channel's event loop.
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let state: NIOLockedValueBox<State>

        init(_ state: NIOLockedValueBox<State>) {
            self.state = state
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            let answer = state.withLockedValue { state in
                state.requests.append("\(head.method) \(head.uri)")
                return state.answer
            }
            guard !answer.isSilent else { return }
            var headers = answer.headers
            headers.add(name: "Content-Length", value: String(answer.body.utf8.count))
            headers.add(name: "Connection", value: "close")
            let response = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
            context.write(wrapOutboundOut(.head(response)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
        }
    }
}
