#if os(Linux)
    import Glibc
    import NIOConcurrencyHelpers
    import NIOCore
    import NIOPosix
    import Testing
    import TributaryTesting

    @testable import TributaryServer

    @Suite("Streams that have a socket and no channel") struct SocketStreamTests {
        /// An event loop with its watch, and what became of its sockets. Its loop owns all mutable state.
        private final class Stage: @unchecked Sendable {
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let eventLoop: any EventLoop
            let watch: SocketWatch
            var closed = 0
            /// How many were closed, at each turn of the loop.
            var turns: [Int] = []
            var streams: [SocketStream] = []

            init() async throws {
                eventLoop = group.next()
                watch = try SocketWatch([eventLoop])
                watch.start()
                // Streams are taken from the turn on in which this is done.
                try await eventLoop.submit {}.get()
            }

            /// - Returns: the client's end. On the loop.
            func open() throws -> CInt {
                var ends: [CInt] = [-1, -1]
                try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
                let poller = try #require(watch.poller(of: eventLoop))
                let stream = SocketStream(StreamSocket(descriptor: ends[0]), poller: poller) { _ in self.closed += 1 }
                streams.append(try #require(stream))
                return ends[1]
            }

            func noteTurns(until count: Int) {
                turns.append(closed)
                if closed < count { eventLoop.execute { self.noteTurns(until: count) } }
            }

            func stop() async throws {
                await watch.stop()
                try await group.shutdownGracefully()
            }
        }

        @Test("sockets that end together have their turns, a few at a time")
        func pacesEnds() async throws {
            let stage = try await Stage()
            let count = 1_000
            try await stage.eventLoop.submit {
                let clients = try (0..<count).map { _ in try stage.open() }
                for client in clients { close(client) }
                stage.noteTurns(until: count)
            }.get()
            try await eventually("all have ended") { try await stage.eventLoop.submit { stage.closed == count }.get() }
            let turns = try await stage.eventLoop.submit { stage.turns }.get()
            #expect(zip(turns, turns.dropFirst()).allSatisfy { $1 - $0 <= 64 })
            try await stage.stop()
        }

        @Test("what the kernel does not take at once goes when it does, whole and in order")
        func sendsTheRest() async throws {
            let stage = try await Stage()
            let bytes = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 / 1_000) }
            let client = try await stage.eventLoop.submit {
                let client = try stage.open()
                let stream = stage.streams[0]
                for start in stride(from: 0, to: bytes.count, by: 40_000) {
                    stream.write(ByteBuffer(bytes: bytes[start..<start + 40_000]))
                }
                #expect(!stream.flush())
                #expect((1..<bytes.count).contains(stream.pendingBytes))
                return client
            }.get()
            let received = try await group.next().makeFutureWithTask {
                var received: [UInt8] = []
                var part = [UInt8](repeating: 0, count: 1 << 16)
                while received.count < bytes.count {
                    let count = read(client, &part, part.count)
                    try #require(count > 0)
                    received += part[..<count]
                }
                return received
            }.get()
            #expect(received == bytes)
            try await eventually("nothing is left") {
                try await stage.eventLoop.submit { stage.streams[0].pendingBytes == 0 }.get()
            }
            #expect(try await stage.eventLoop.submit { stage.streams[0].flush() }.get())
            try await stage.stop()
            close(client)
        }

        @Test("what a client says is dropped, however much it is")
        func dropsInput() async throws {
            let stage = try await Stage()
            let server = try await ServerBootstrap(group: stage.eventLoop)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let poller = try #require(stage.watch.poller(of: stage.eventLoop))
                        let socket = try #require(StreamSocket(of: channel))
                        let stream = SocketStream(socket, poller: poller) { _ in stage.closed += 1 }
                        stage.streams.append(try #require(stream))
                        channel.eventLoop.execute { channel.close(promise: nil) }
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let address = try #require(server.localAddress)
            let client = try await ClientBootstrap(group: group).connect(to: address).get()
            // Each is over when the kernel has taken it, which it does only if somebody reads.
            for _ in 0..<64 { try await client.writeAndFlush(ByteBuffer(repeating: 7, count: 1 << 20)).get() }
            #expect(try await stage.eventLoop.submit { stage.closed }.get() == 0)
            try await client.close().get()
            try await eventually("it has ended") { try await stage.eventLoop.submit { stage.closed == 1 }.get() }
            try await server.close().get()
            try await stage.stop()
        }

        @Test("the end of the watch closes what is left")
        func closesAll() async throws {
            let stage = try await Stage()
            let client = try await stage.eventLoop.submit { try stage.open() }.get()
            await stage.watch.stop()
            #expect(try await stage.eventLoop.submit { stage.closed }.get() == 1)
            var byte: UInt8 = 0
            #expect(read(client, &byte, 1) == 0)
            let isTaken = try await stage.eventLoop.submit {
                stage.watch.poller(of: stage.eventLoop)?.add(client, of: stage.streams[0]) == true
            }.get()
            #expect(!isTaken)
            try await stage.group.shutdownGracefully()
            close(client)
        }

        private let group = MultiThreadedEventLoopGroup.singleton
    }
#endif
