import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A TCP server that answers each connection's request with whatever its script says, well-formed or not.
final class HostileServer: Sendable {
    typealias Script = @Sendable (HostileConnection) async throws -> Void

    private struct State {
        var requests: [HostileRequest] = []
        var open = 0
    }

    /// A connection as the listener hands it over.
    private struct Accepted: Sendable {
        let channel: any NIOCore.Channel
        let input: AsyncStream<ByteBuffer>
    }

    let port: Int
    private let state = NIOLockedValueBox(State())

    var url: String { "http://127.0.0.1:\(port)" }
    /// Every request so far, in the order of arrival.
    var requests: [HostileRequest] { state.withLockedValue { $0.requests } }
    /// Connections that neither side has closed.
    var openConnections: Int { state.withLockedValue { $0.open } }

    private init(port: Int) {
        self.port = port
    }

    /// Serves on a free port, or the one given, while `body` runs. Nothing is left running afterwards.
    static func run<Result: Sendable>(
        port: Int = 0, _ script: @escaping Script, _ body: @Sendable (HostileServer) async throws -> Result
    ) async throws -> Result {
        let (connections, accepted) = AsyncStream.makeStream(of: Accepted.self)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (input, bytes) = AsyncStream.makeStream(of: ByteBuffer.self)
                    try channel.pipeline.syncOperations.addHandler(InputHandler(bytes))
                    accepted.yield(Accepted(channel: channel, input: input))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        guard let port = listener.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        let server = HostileServer(port: port)
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { children in
                    for await connection in connections {
                        children.addTask { await server.serve(connection, script) }
                    }
                    children.cancelAll()
                }
            }
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(try await body(server))
            } catch {
                result = .failure(error)
            }
            try? await listener.close()
            accepted.finish()
            group.cancelAll()
            return result
        }
        return try result.get()
    }

    private func serve(_ accepted: Accepted, _ script: Script) async {
        state.withLockedValue { $0.open += 1 }
        defer { state.withLockedValue { $0.open -= 1 } }
        // What the client does to a connection is no fault of the server's.
        try? await answer(accepted, script)
        try? await accepted.channel.close()
    }

    private func answer(_ accepted: Accepted, _ script: Script) async throws {
        var input = accepted.input.makeAsyncIterator()
        guard let request = await HostileRequest.read(&input) else { return }
        let number = state.withLockedValue { state in
            state.requests.append(request)
            return state.requests.count - 1
        }
        let connection = HostileConnection(number: number, request: request, channel: accepted.channel)
        try await script(connection)
        if connection.isHanging.withLockedValue({ $0 }) {
            while await input.next() != nil {}
        }
    }
}

/// Passes a connection's bytes on. Lives on its channel's event loop.
private final class InputHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let bytes: AsyncStream<ByteBuffer>.Continuation

    init(_ bytes: AsyncStream<ByteBuffer>.Continuation) {
        self.bytes = bytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { bytes.yield(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { bytes.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
