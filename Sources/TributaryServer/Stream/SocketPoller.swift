#if os(Linux)
    import CLinux
    import Glibc
    import NIOCore
    import TributaryCore

    /// The sockets of one event loop's streams, and of those that connections wait at, which the loop's own selector does not know: a few of them that are ready at a time,
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
        /// By the descriptors of sockets that listen: what accepts there, and says whether more may wait.
        private var acceptors: [CInt: () -> Bool] = [:]
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

        /// Begins to tell of connections that wait at a socket.
        ///
        /// - Parameter accept: returns whether more may wait: then it is called again when the loop has looked at its other sockets.
        /// - Returns: false if that can't be.
        func listen(at socket: CInt, accept: @escaping () -> Bool) -> Bool {
            guard control(EPOLL_CTL_ADD, socket, EPOLLIN.rawValue) else { return false }
            acceptors[socket] = accept
            return true
        }

        /// Tells of no connections for now, or again.
        func pauseListening(at socket: CInt, _ isPaused: Bool) {
            _ = control(EPOLL_CTL_MOD, socket, isPaused ? 0 : EPOLLIN.rawValue)
        }

        /// Forgets a socket that is about to be closed.
        func stopListening(at socket: CInt) {
            acceptors[socket] = nil
            _ = control(EPOLL_CTL_DEL, socket, 0)
        }

        private func control(_ operation: CInt, _ socket: CInt, _ events: UInt32) -> Bool {
            var event = epoll_event()
            event.events = events
            event.data.fd = socket
            return epoll_ctl(descriptor, operation, socket, &event) == 0
        }

        /// Tells streams what their sockets are ready for.
        func look() {
            guard isWatched else { return }
            var ready: [(stream: SocketStream, readiness: Readiness)] = []
            var accepting: [() -> Bool] = []
            let count = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.socketsPerTurn) {
                let count = Int(epoll_wait(descriptor, $0.baseAddress, CInt(Self.socketsPerTurn), 0))
                // All are looked up first: one that ends in this turn may leave its number to another.
                for event in $0.prefix(max(0, count)) {
                    if let stream = streams[event.data.fd] {
                        ready.append((stream, Readiness(bits: event.events)))
                    } else if let accept = acceptors[event.data.fd] {
                        accepting.append(accept)
                    }
                }
                return count
            }
            for (stream, readiness) in ready { stream.isReady(for: readiness) }
            var goesOn = count == Self.socketsPerTurn
            for accept in accepting where accept() { goesOn = true }
            guard goesOn else { return lookAgain() }
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
