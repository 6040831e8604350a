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

        /// Where a socket stands, and which of those that have stood there.
        struct Token: Equatable {
            fileprivate let place: Int
            fileprivate let generation: UInt32

            fileprivate var bits: UInt64 { UInt64(generation) << 32 | UInt64(place) }
        }

        private struct Slot {
            var stream: SocketStream?
            var generation: UInt32 = 0
        }

        let eventLoop: any EventLoop
        let descriptor: CInt
        /// Without them, the loop's other tasks come in between, and not its sockets.
        var turns: (any LoopTurns)?
        /// Asks for the next call of ``look()``.
        private let lookAgain: @Sendable () -> Void
        private var slots: [Slot] = []
        private var freePlaces: [Int] = []
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
        /// - Returns: `nil` if that can't be.
        func add(_ socket: CInt, of stream: SocketStream) -> Token? {
            guard isWatched else { return nil }
            let place = freePlaces.popLast() ?? slots.count
            if place == slots.count { slots.append(Slot()) }
            let token = Token(place: place, generation: slots[place].generation)
            guard control(EPOLL_CTL_ADD, socket, token, Self.always) else {
                freePlaces.append(place)
                return nil
            }
            slots[place].stream = stream
            return token
        }

        /// Tells the stream when its socket takes bytes again; at once if it does already.
        func awaitWritable(_ socket: CInt, _ token: Token) {
            _ = control(EPOLL_CTL_MOD, socket, token, Self.always | EPOLLOUT.rawValue)
        }

        /// Tells the stream again of what it did not read.
        func awaitReadable(_ socket: CInt, _ token: Token, alsoWritable: Bool) {
            _ = control(EPOLL_CTL_MOD, socket, token, alsoWritable ? Self.always | EPOLLOUT.rawValue : Self.always)
        }

        /// Forgets a socket that is about to be closed: nobody else has it, so that the kernel forgets it then.
        func remove(_ token: Token) {
            slots[token.place].stream = nil
            slots[token.place].generation &+= 1
            freePlaces.append(token.place)
        }

        private func control(_ operation: CInt, _ socket: CInt, _ token: Token, _ events: UInt32) -> Bool {
            var event = epoll_event()
            event.events = events
            event.data.u64 = token.bits
            return epoll_ctl(descriptor, operation, socket, &event) == 0
        }

        /// Tells streams what their sockets are ready for.
        func look() {
            guard isWatched else { return }
            let count = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.socketsPerTurn) { events in
                let count = Int(epoll_wait(descriptor, events.baseAddress, CInt(Self.socketsPerTurn), 0))
                for event in events.prefix(max(0, count)) {
                    let slot = slots[Int(event.data.u64 & 0xFFFF_FFFF)]
                    // One that ended in this very turn may have left its place to another.
                    guard slot.generation == UInt32(event.data.u64 >> 32) else { continue }
                    slot.stream?.isReady(for: Readiness(bits: event.events))
                }
                return count
            }
            guard count == Self.socketsPerTurn else { return lookAgain() }
            if let turns { return turns.afterSockets { self.look() } }
            eventLoop.assumeIsolated().execute { self.look() }
        }

        /// Takes streams from now on, until ``close()``.
        func begin() { isWatched = true }

        /// Ends all streams.
        func close() {
            isWatched = false
            for slot in slots { slot.stream?.fail() }
        }
    }
#endif
