#if os(Linux)
    import CLinux
    import Glibc
    import NIOCore
    import TributaryCore

    /// The sockets of one event loop's streams, which the loop's own selector does not know: a few of them that are ready at a time,
    /// where the selector deals with ten thousand that were cut together before it looks at anything else.
    ///
    /// ``SocketWatch`` tells it when there is something to look at. `@unchecked Sendable`: its event loop owns all mutable state; every
    /// method is called there.
    final class SocketPoller: @unchecked Sendable {
        /// What a socket is ready for.
        struct Readiness {
            fileprivate let bits: UInt32

            var isReadable: Bool { bits & EPOLLIN.rawValue != 0 }
            var isWritable: Bool { bits & EPOLLOUT.rawValue != 0 }
            /// The client sends no more.
            var isEnding: Bool { bits & EPOLLRDHUP.rawValue != 0 }
            var isBroken: Bool { bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 }
        }

        let eventLoop: any EventLoop
        let descriptor: CInt
        /// Without them, the loop's other tasks come in between, and not its sockets.
        var turns: (any LoopTurns)?
        /// Asks for the next call of ``look()``.
        private let lookAgain: @Sendable () -> Void
        /// By their sockets' descriptors.
        private var streams: [CInt: SocketStream] = [:]
        /// Somebody tells it when to look.
        private var isWatched = false

        /// 64: what they have to say takes less than a millisecond.
        private static let socketsPerTurn = 64
        private static let always = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue

        /// - Throws: `IOError` where the process has no files left.
        init(eventLoop: any EventLoop, lookAgain: @escaping @Sendable (CInt) -> Void) throws {
            let descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
            guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "epoll_create1") }
            self.eventLoop = eventLoop
            self.descriptor = descriptor
            self.lookAgain = { lookAgain(descriptor) }
        }

        deinit { Glibc.close(descriptor) }

        /// Begins to tell a stream of its socket.
        ///
        /// - Returns: false if that can't be.
        func add(_ socket: CInt, of stream: SocketStream) -> Bool {
            guard isWatched, control(EPOLL_CTL_ADD, socket, Self.always) else { return false }
            streams[socket] = stream
            return true
        }

        /// Tells the stream again of what its socket is ready for: at once if it is by now.
        ///
        /// - Parameter writing: also when it takes bytes.
        func awaitMore(of socket: CInt, writing: Bool) {
            _ = control(EPOLL_CTL_MOD, socket, writing ? Self.always | EPOLLOUT.rawValue : Self.always)
        }

        /// Forgets a socket that is about to be closed: nobody else has it, so that the kernel forgets it then.
        func remove(_ socket: CInt) { streams[socket] = nil }

        private func control(_ operation: CInt, _ socket: CInt, _ events: UInt32) -> Bool {
            var event = epoll_event()
            event.events = events
            event.data.fd = socket
            return epoll_ctl(descriptor, operation, socket, &event) == 0
        }

        /// Tells streams what their sockets are ready for.
        func look() {
            guard isWatched else { return }
            let (count, ready) = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.socketsPerTurn) {
                let count = Int(epoll_wait(descriptor, $0.baseAddress, CInt(Self.socketsPerTurn), 0))
                // All are looked up first: one that ends in this turn may leave its number to another.
                return (
                    count,
                    $0.prefix(max(0, count)).compactMap { event in
                        streams[event.data.fd].map { (stream: $0, readiness: Readiness(bits: event.events)) }
                    }
                )
            }
            for (stream, readiness) in ready { stream.isReady(for: readiness) }
            guard count == Self.socketsPerTurn else { return lookAgain() }
            if let turns { return turns.afterSockets { self.look() } }
            eventLoop.assumeIsolated().execute { self.look() }
        }

        /// Takes streams from now on, until ``close()``.
        func begin() { isWatched = true }

        /// Ends all streams.
        func close() {
            isWatched = false
            for stream in streams.values { stream.fail() }
        }
    }
#endif
