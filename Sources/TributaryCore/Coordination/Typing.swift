import NIOCore

/// Who types, until they say that they stopped, or say nothing more. The node that heard a user last waits for its next word: the
/// others are told, and wait no longer. From any thread.
///
/// `@unchecked Sendable`: its event loop owns all mutable state.
final class Typing: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private var users: TypingUsers
    private var timer: Scheduled<Void>?

    /// Says that a user has stopped who did not say so; set once by ``Hub``.
    var expire: @Sendable (TypingUsers.Typist) -> Void = { _ in }

    /// - Parameters:
    ///   - milliseconds: how long a user is believed.
    ///   - limit: at most so many users; 10,000: more than type at one node, in a megabyte or two.
    init(eventLoop: any EventLoop, milliseconds: Int, limit: Int = 10_000) {
        self.eventLoop = eventLoop
        users = TypingUsers(limit: limit, time: .milliseconds(Int64(milliseconds)))
    }

    /// A user types.
    func start(_ owner: StreamOwner, type: String) {
        eventLoop.perform { [self] in
            let typist = TypingUsers.Typist(owner: owner, type: type)
            if let displaced = users.start(typist, now: eventLoop.now) { expire(displaced) }
            wait()
        }
    }

    /// A user has said that it stopped, or has said something at another node.
    func stop(_ owner: StreamOwner) {
        eventLoop.perform { self.users.stop(owner) }
    }

    private func wait() {
        guard timer == nil, let deadline = users.deadline else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            for typist in self.users.expire(now: self.eventLoop.now) { self.expire(typist) }
            self.wait()
        }
    }
}
