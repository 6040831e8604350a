#if os(Linux)
    import CLinux
    import Glibc
    import Logging
    import NIOCore

    /// Accepts the connections of a port that speaks HTTP/1 without TLS, a few at a time, and spreads them over the event loops:
    /// ``Arrivals`` sees what becomes of each.
    ///
    /// It accepts while there is room: beyond that, connections wait in the kernel, as with ``AcceptGate``, which does this where
    /// connections have channels from the start. `@unchecked Sendable`: its poller's event loop owns all mutable state; every method is
    /// called there.
    final class Acceptor: @unchecked Sendable {
        /// Of the listening channel, which closes it.
        private let socket: CInt
        private let poller: SocketPoller
        /// Of all event loops.
        private let pollers: [SocketPoller]
        private let arrivals: Arrivals
        private var log: NoRoomLog
        /// Whose turn it is.
        private var next = 0
        /// Event loops that have yet to deal with what they were given.
        private var busy = 0
        /// There is no room, or nothing left to accept with.
        private var isHeldBack = false
        private var isStopped = false

        private var connections: OpenConnections { arrivals.connections }

        /// 16: what NIO accepts at a time; their streams begin within a millisecond or two.
        private static let connectionsPerTurn = 16
        /// 100 ms: files and memory that others took come back, or don't.
        private static let exhaustionPause = TimeAmount.milliseconds(100)

        /// - Returns: `nil` where the socket can't be watched.
        init?(socket: CInt, poller: SocketPoller, pollers: [SocketPoller], arrivals: Arrivals, logger: Logger) {
            self.socket = socket
            self.poller = poller
            self.pollers = pollers
            self.arrivals = arrivals
            log = NoRoomLog(logger)
            guard poller.listen(at: socket, accept: { [weak self] in self?.accept() ?? false }) else { return nil }
        }

        /// Accepts no more; the socket is about to be closed.
        func stop() {
            guard !isStopped else { return }
            isStopped = true
            poller.stopListening(at: socket)
        }

        /// - Returns: whether more may wait.
        private func accept() -> Bool {
            guard !isStopped, !isHeldBack, busy == 0 else { return false }
            let mayAccept = connections.mayAccept { self.poller.eventLoop.execute { self.resume() } }
            guard mayAccept else {
                log.tell()
                holdBack()
                return false
            }
            var given: Set<Int> = []
            defer { wait(for: given) }
            for count in 0..<Self.connectionsPerTurn {
                var address = sockaddr_storage()
                let descriptor = Self.accept(socket, &address)
                guard descriptor < 0 else {
                    if let other = give(descriptor, from: IPAddress(address)) { given.insert(other) }
                    continue
                }
                switch errno {
                // Others may come while the loop looks at its sockets, and whoever tells of them costs more than to look once more.
                case EAGAIN: return count > 0 && given.isEmpty
                case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                    holdBack()
                    poller.eventLoop.assumeIsolated().scheduleTask(in: Self.exhaustionPause) { self.resume() }
                    return false
                case EBADF, EINVAL, ENOTSOCK: return false
                // The client has given up already, or its network has.
                default: continue
                }
            }
            return given.isEmpty
        }

        private static func accept(_ socket: CInt, _ address: inout sockaddr_storage) -> CInt {
            withUnsafeMutablePointer(to: &address) { storage in
                storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                    return accept4(
                        socket, address, &length, CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue))
                }
            }
        }

        /// - Returns: the event loop's number, if it is another than this one.
        private func give(_ descriptor: CInt, from address: IPAddress?) -> Int? {
            connections.enter()
            let number = next
            next = (next + 1) % pollers.count
            let (arrivals, poller) = (arrivals, pollers[number])
            guard poller !== self.poller else {
                arrivals.take(descriptor, from: address, poller)
                return nil
            }
            poller.eventLoop.execute { arrivals.take(descriptor, from: address, poller) }
            return number
        }

        /// Goes on when the event loops have dealt with what they were given: a loop does all tasks that it has before it looks at its
        /// sockets, so that connections without end would keep it from its streams.
        private func wait(for given: Set<Int>) {
            guard !given.isEmpty else { return }
            busy = given.count
            poller.pauseListening(at: socket, true)
            let own = poller.eventLoop
            for number in given {
                pollers[number].eventLoop.execute {
                    own.execute {
                        self.busy -= 1
                        self.goOn()
                    }
                }
            }
        }

        private func holdBack() {
            isHeldBack = true
            poller.pauseListening(at: socket, true)
        }

        private func resume() {
            isHeldBack = false
            goOn()
        }

        private func goOn() {
            guard !isStopped, !isHeldBack, busy == 0 else { return }
            poller.pauseListening(at: socket, false)
        }
    }

    extension IPAddress {
        /// `nil` for what is neither IPv4 nor IPv6.
        init?(_ address: sockaddr_storage) {
            switch Int32(address.ss_family) {
            case AF_INET: self = withUnsafeBytes(of: address) { IPAddress(sockaddrIn: $0) }
            case AF_INET6: self = withUnsafeBytes(of: address) { IPAddress(sockaddrIn6: $0) }
            default: return nil
            }
        }
    }
#endif
