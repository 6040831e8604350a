import NIOCore

/// Commands that were sent and wait for their answers, first in, first out.
struct CommandQueue<Waiter> {
    private struct Pending {
        let waiter: Waiter
        let deadline: NIODeadline
    }

    private var pending = CircularBuffer<Pending>()
    private var unsentBytes = 0
    private let maximumPending: Int
    private let maximumUnsentBytes: Int
    private let timeout: TimeAmount

    init(maximumPending: Int, maximumUnsentBytes: Int, timeout: TimeAmount) {
        self.maximumPending = maximumPending
        self.maximumUnsentBytes = maximumUnsentBytes
        self.timeout = timeout
    }

    var isEmpty: Bool { pending.isEmpty }
    var count: Int { pending.count }

    /// When the oldest command has waited too long.
    var deadline: NIODeadline? { pending.first?.deadline }

    /// False if the command would go over a bound; then it must not be sent.
    /// A single command that is larger than the bound goes through while nothing else is unsent.
    mutating func enqueue(_ waiter: Waiter, bytes: Int, now: NIODeadline) -> Bool {
        guard pending.count < maximumPending, unsentBytes == 0 || unsentBytes + bytes <= maximumUnsentBytes else {
            return false
        }
        unsentBytes += bytes
        pending.append(Pending(waiter: waiter, deadline: now + timeout))
        return true
    }

    /// The socket has taken `bytes`.
    mutating func sent(bytes: Int) {
        unsentBytes -= bytes
    }

    /// Whose answer the next reply is.
    mutating func dequeue() -> Waiter? {
        pending.popFirst()?.waiter
    }

    mutating func removeAll() -> [Waiter] {
        defer { pending.removeAll() }
        return pending.map(\.waiter)
    }
}
