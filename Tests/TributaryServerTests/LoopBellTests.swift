import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing
import TributaryTesting

@testable import TributaryServer

@Suite struct LoopBellTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    @Test func `work that waits for the sockets comes after all that the loop does before it looks`() async throws {
        let loop = Self.group.next()
        let bell = try await LoopBell.hang(on: loop)
        let order = NIOLockedValueBox<[String]>([])
        let note = { @Sendable (text: String) in order.withLockedValue { $0.append(text) } }
        let done = loop.makePromise(of: Void.self)
        try await loop.submit {
            bell.afterSockets { note("first") }
            bell.afterSockets {
                note("second")
                // The next turn, and not this one.
                bell.afterSockets {
                    note("third")
                    done.succeed()
                }
                note("behind the second")
            }
            loop.execute {
                note("task")
                loop.scheduleTask(in: .zero) {
                    note("due")
                    loop.execute { note("later task") }
                }
            }
        }.get()
        try await done.futureResult.get()
        #expect(
            order.withLockedValue { $0 }
                == ["task", "due", "later task", "first", "second", "behind the second", "third"])
    }

    @Test func `work that asks again and again lets connections be served in between`() async throws {
        let loop = Self.group.next()
        let bell = try await LoopBell.hang(on: loop)
        let heard = NIOLockedValueBox(false)
        let server = try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Ear { heard.withLockedValue { $0 = true } })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let client = try await RawClient.connect(to: try #require(server.localAddress), sending: "hello")
        let turns = NIOLockedValueBox(0)
        let done = loop.makePromise(of: Void.self)
        // Without an end of its own, and without a pause.
        @Sendable func again() {
            turns.withLockedValue { $0 += 1 }
            heard.withLockedValue { $0 } ? done.succeed() : bell.afterSockets(again)
        }
        loop.execute(again)
        try await done.futureResult.get()
        #expect(turns.withLockedValue { $0 } > 0)
        await client.close()
        try await server.close()
    }

    @Test func `a bell without a loop's pipe still does its work`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let bell = try await LoopBell.hang(on: loop)
        let done = NIOLockedValueBox(0)
        try await loop.submit {
            bell.afterSockets { done.withLockedValue { $0 += 1 } }
        }.get()
        try await group.shutdownGracefully()
        #expect(done.withLockedValue { $0 } == 1)
    }

    private final class Ear: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let heard: @Sendable () -> Void

        init(heard: @escaping @Sendable () -> Void) {
            self.heard = heard
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { heard() }
    }
}
