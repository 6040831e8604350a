import NIOCore

extension EventLoop {
    /// Runs `body` on the loop: at once if this is it, so that a hub with one loop never waits for a turn of it.
    func perform(_ body: @escaping @Sendable () -> Void) {
        if inEventLoop { body() } else { execute(body) }
    }
}
