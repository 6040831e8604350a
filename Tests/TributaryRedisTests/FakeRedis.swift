import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A server of the tests' own that accepts connections, counts them, and behaves as badly as it is told.
final class FakeRedis: Sendable {
    enum Manner: Sendable {
        case silent
        case closing
        /// Sends the bytes at once, whatever it is asked.
        case saying([UInt8])
        /// Answers each read with the bytes.
        case answering([UInt8])
    }

    private let channel: any NIOCore.Channel
    private let connections: NIOLockedValueBox<[any NIOCore.Channel]>

    var port: Int { channel.localAddress?.port ?? 0 }
    var url: String { "redis://127.0.0.1:\(port)" }
    var accepted: Int { connections.withLockedValue { $0.count } }

    private init(channel: any NIOCore.Channel, connections: NIOLockedValueBox<[any NIOCore.Channel]>) {
        self.channel = channel
        self.connections = connections
    }

    @discardableResult
    static func withServer<Value>(
        _ manner: Manner,
        port: Int = 0,
        _ body: (FakeRedis) async throws -> Value
    ) async throws -> Value {
        let connections = NIOLockedValueBox<[any NIOCore.Channel]>([])
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                connections.withLockedValue { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(manner: manner))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        let server = FakeRedis(channel: channel, connections: connections)
        do {
            let value = try await body(server)
            await server.stop()
            return value
        } catch {
            await server.stop()
            throw error
        }
    }

    private func stop() async {
        try? await channel.close()
        for connection in connections.withLockedValue({ $0 }) { try? await connection.close() }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let manner: Manner

        init(manner: Manner) {
            self.manner = manner
        }

        func channelActive(context: ChannelHandlerContext) {
            switch manner {
            case .silent, .answering: break
            case .closing: context.close(promise: nil)
            case .saying(let bytes): context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .answering(let bytes) = manner {
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            }
        }
    }
}
