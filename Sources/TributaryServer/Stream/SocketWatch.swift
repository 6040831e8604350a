import NIOCore
import NIOPosix
import TributaryCore

#if os(Linux)
    import CLinux
    import Glibc

    /// Waits for the sockets of all streams, and has their event loops look at those that are ready. It is asleep while streams only
    /// write.
    ///
    /// One thread, with nothing to do but to wait: an event loop can't be told of another one's sockets by anything but a task. From any
    /// thread.
    final class SocketWatch: Sendable {
        let pollers: [SocketPoller]
        private let descriptor: CInt
        /// Rung, it ends the thread.
        private let bell: CInt
        private let threads = NIOThreadPool(numberOfThreads: 1)

        /// - Throws: `IOError` where the process has no files left.
        init(_ eventLoops: some Sequence<any EventLoop>) throws {
            let descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
            guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "epoll_create1") }
            let bell = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
            guard bell >= 0 else {
                let code = errno
                close(descriptor)
                throw IOError(errnoCode: code, reason: "eventfd")
            }
            self.descriptor = descriptor
            self.bell = bell
            do {
                pollers = try eventLoops.map { eventLoop in
                    try SocketPoller(eventLoop: eventLoop) { Self.wait(for: $0, EPOLL_CTL_MOD, of: descriptor) }
                }
            } catch {
                close(bell)
                close(descriptor)
                throw error
            }
        }

        deinit {
            close(bell)
            close(descriptor)
        }

        /// Lets what many sockets have to say at once go with the turns of a loop.
        func pace(_ turns: any LoopTurns, on eventLoop: any EventLoop) {
            guard let poller = poller(of: eventLoop) else { return }
            eventLoop.execute { poller.turns = turns }
        }

        /// Begins to wait; streams, and connections, may come from then on.
        func start() {
            for poller in pollers { poller.eventLoop.execute { poller.begin() } }
            for waited in [bell] + pollers.map(\.descriptor) { Self.wait(for: waited, EPOLL_CTL_ADD, of: descriptor) }
            threads.start()
            threads.submit { state in
                if case .active = state { self.waitForEver() }
            }
        }

        /// Closes the sockets that are left, and ends the thread.
        func stop() async {
            for poller in pollers { try? await poller.eventLoop.submit { poller.close() }.get() }
            var ring: UInt64 = 1
            write(bell, &ring, MemoryLayout.size(ofValue: ring))
            try? await threads.shutdownGracefully()
        }

        private static func wait(for number: CInt, _ operation: CInt, of descriptor: CInt) {
            var event = epoll_event()
            // Told once, it is quiet until its loop has looked at everything.
            event.events = EPOLLIN.rawValue | EPOLLONESHOT.rawValue
            event.data.fd = number
            _ = epoll_ctl(descriptor, operation, number, &event)
        }

        /// The event loop's poller.
        func poller(of eventLoop: any EventLoop) -> SocketPoller? { pollers.first { $0.eventLoop === eventLoop } }

        private func waitForEver() {
            let capacity = pollers.count + 1
            withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: capacity) { events in
                while true {
                    let count = Int(epoll_wait(descriptor, events.baseAddress, CInt(capacity), -1))
                    guard count >= 0 || errno == EINTR else { return }
                    for event in events.prefix(max(0, count)) {
                        // All else is the bell.
                        guard let poller = pollers.first(where: { $0.descriptor == event.data.fd }) else { return }
                        poller.eventLoop.execute { poller.look() }
                    }
                }
            }
        }
    }
#else
    /// There is none: streams keep their channels.
    final class SocketWatch: Sendable {
        /// - Throws: `IOError`.
        init(_: some Sequence<any EventLoop>) throws { throw IOError(errnoCode: ENOTSUP, reason: "epoll") }

        func pace(_: any LoopTurns, on _: any EventLoop) {}
        func start() {}
        func stop() async {}
    }
#endif
