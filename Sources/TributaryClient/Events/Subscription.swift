import NIOConcurrencyHelpers

/// A handler's registration with a ``TributaryClient``. It lasts until ``cancel()``, or as long as the client does;
/// letting go of the subscription changes nothing.
public final class Subscription: Sendable {
    private let isActive = NIOLockedValueBox(true)
    private let remove: @Sendable () -> Void

    init(remove: @escaping @Sendable () -> Void) {
        self.remove = remove
    }

    /// Ends the registration. A call that is under way goes on; none begins afterwards. From any task, any number of
    /// times.
    public func cancel() {
        let wasActive = isActive.withLockedValue { active in
            defer { active = false }
            return active
        }
        if wasActive { remove() }
    }

    var isCancelled: Bool { !isActive.withLockedValue { $0 } }
}
