import NIOCore

/// Who types, until they say that they stopped, or say nothing more. From any thread.
///
/// `@unchecked Sendable`: its event loop owns all mutable state.
final class Typing: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private let time: TimeAmount
    private var timers: [StreamOwner: Scheduled<Void>] = [:]

    /// 10,000 users: those above it are not stopped for.
    private static let limit = 10_000

    init(eventLoop: any EventLoop, milliseconds: Int) {
        self.eventLoop = eventLoop
        time = .milliseconds(Int64(milliseconds))
    }

    /// A user types; `expire` is done if that is not said again in time.
    func start(_ owner: StreamOwner, expire: @escaping @Sendable () async -> Void) {
        eventLoop.perform { [self] in
            timers.removeValue(forKey: owner)?.cancel()
            guard timers.count < Self.limit else { return }
            timers[owner] = eventLoop.assumeIsolated().scheduleTask(in: time) {
                self.timers[owner] = nil
                _ = self.eventLoop.makeFutureWithTask { await expire() }
            }
        }
    }

    /// A user has said that it stopped.
    func stop(_ owner: StreamOwner) {
        eventLoop.perform { self.timers.removeValue(forKey: owner)?.cancel() }
    }
}
