import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// An application for the time of a test: it answers each question with what the test says.
final class FakeApplication: Sendable {
    /// A request as it came.
    struct Question: Sendable {
        let method: String
        let target: String
        let headers: HTTPHeaders
        let body: String

        var object: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
        }
    }

    enum Reply: Sendable {
        /// An answer with this body.
        case json(String, status: Int = 200)
        /// These bytes, and the end of the connection.
        case bytes(String)
        /// Nothing, for ever.
        case silence
        /// The end of the connection.
        case cut
    }

    typealias Script = @Sendable (Question) -> Reply

    private struct State {
        var script: Script
        var questions: [Question] = []
    }

    let port: Int
    private let state: NIOLockedValueBox<State>

    var url: String { "http://127.0.0.1:\(port)/authorize" }
    /// Every request so far, in the order of arrival.
    var questions: [Question] { state.withLockedValue { $0.questions } }

    private init(port: Int, state: NIOLockedValueBox<State>) {
        self.port = port
        self.state = state
    }

    /// From now on it answers so.
    func answer(_ script: @escaping Script) {
        state.withLockedValue { $0.script = script }
    }

    /// Listens on a free port while `body` runs, and answers everything so until it is told otherwise.
    static func run<Result>(
        answering reply: Reply, _ body: (FakeApplication) async throws -> Result
    ) async throws -> Result {
        let state = NIOLockedValueBox(State(script: { _ in reply }))
        let children = NIOLockedValueBox<[any NIOCore.Channel]>([])
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                children.withLockedValue { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    let handler = QuestionHandler { question in
                        let script = state.withLockedValue { state in
                            state.questions.append(question)
                            return state.script
                        }
                        return script(question)
                    }
                    try pipeline.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = listener.localAddress?.port ?? 0
        let outcome = await Swift.Result { try await body(FakeApplication(port: port, state: state)) }
        try? await listener.close()
        for child in children.withLockedValue({ $0 }) { child.close(promise: nil) }
        return try outcome.get()
    }
}

extension Result where Failure == any Error {
    fileprivate init(catching body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}

/// Collects a request and answers it. Lives on its channel's event loop.
private final class QuestionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let answer: FakeApplication.Script
    private var head: HTTPRequestHead?
    private var body = ""

    init(_ answer: @escaping FakeApplication.Script) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let bytes): body += String(buffer: bytes)
        case .end:
            guard let head else { return }
            reply(
                answer(
                    FakeApplication.Question(
                        method: head.method.rawValue, target: head.uri, headers: head.headers, body: body)),
                context
            )
        }
    }

    private func reply(_ reply: FakeApplication.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .json(let body, let status):
            let head = "HTTP/1.1 \(status) Status\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head + body)), promise: nil)
        case .bytes(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            context.close(promise: nil)
        case .silence: break
        case .cut: context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
