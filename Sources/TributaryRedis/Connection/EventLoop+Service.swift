import NIOCore
import ServiceLifecycle

extension EventLoop {
    /// Runs what lives on this loop: calls `start` there, then `stop` when the task is cancelled or the service group shuts
    /// down, which may be before or more than once; returns when `finished` does.
    func runService(
        until finished: EventLoopFuture<Void>, start: @escaping @Sendable () -> Void,
        stop: @escaping @Sendable () -> Void
    ) async {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                self.execute(start)
                try? await finished.get()
            } onGracefulShutdown: {
                self.execute(stop)
            }
        } onCancel: {
            self.execute(stop)
        }
    }
}
