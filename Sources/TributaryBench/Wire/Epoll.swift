import CLinux
import Glibc

/// The kernel's list of ready sockets.
///
/// Lives on the thread that made it.
struct Epoll: ~Copyable {
    private let descriptor: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    private static let capacity: Int32 = 512

    /// - Throws: ``BenchError`` if the system has no descriptor left.
    init() throws {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw BenchError.system("epoll_create1", errno) }
        events = .allocate(capacity: Int(Self.capacity))
    }

    deinit {
        events.deallocate()
        close(descriptor)
    }

    /// What a socket is ready for.
    struct State {
        fileprivate let bits: UInt32

        var isWritable: Bool { bits & EPOLLOUT.rawValue != 0 }
        /// The other side will send no more.
        var isEnding: Bool { bits & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
    }

    /// Watches a socket, or changes what it is watched for.
    ///
    /// - Parameters:
    ///   - token: what ``wait(milliseconds:_:)`` names it by.
    ///   - onlyChanges: it is named once for what has come, not until all was read: half the kernel's work.
    func watch(_ socket: Int32, token: UInt64, writing: Bool = false, onlyChanges: Bool = false, isNew: Bool) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | (writing ? EPOLLOUT.rawValue : 0)
        if onlyChanges { event.events |= EPOLLET.rawValue }
        event.data.u64 = token
        _ = epoll_ctl(descriptor, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event)
    }

    /// Forgets a socket that stays open.
    func forget(_ socket: Int32) {
        _ = epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, nil)
    }

    /// Waits until a socket is ready, at most for so long, and hands each to `body` with its token.
    ///
    /// - Returns: how many there were.
    @discardableResult
    @inline(__always)
    func wait(milliseconds: Int32, _ body: (_ token: UInt64, _ state: State) -> Void) -> Int {
        let count = epoll_wait(descriptor, events, Self.capacity, milliseconds)
        guard count > 0 else { return 0 }
        for index in 0..<Int(count) {
            body(events[index].data.u64, State(bits: events[index].events))
        }
        return Int(count)
    }
}
