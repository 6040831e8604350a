import TributaryCore
import TributaryProtocol

/// Which reads go to Redis now and which wait: a thousand clients that come back at once must not hold up what is
/// published. Those that ask for the same while it waits are answered together.
struct ReadQueue<Waiter> {
    struct Request: Hashable, Sendable {
        var project: ProjectID
        var channels: [TributaryProtocol.Channel]
        var cursor: LogCursor
        var limit: Int
    }

    private let maximumRunning: Int
    private var running = 0
    private var order: [Request] = []
    private var next = 0
    private var waiters: [Request: [Waiter]] = [:]

    /// - Parameter maximumRunning: 4: half a millisecond of Redis' time.
    init(maximumRunning: Int = 4) {
        self.maximumRunning = maximumRunning
    }

    mutating func enqueue(_ request: Request, _ waiter: Waiter) {
        if waiters[request] == nil { order.append(request) }
        waiters[request, default: []].append(waiter)
    }

    /// The next read to be done now, with everybody who waits for it; ``finished()`` must follow.
    mutating func dequeue() -> (request: Request, waiters: [Waiter])? {
        guard running < maximumRunning, next < order.count else { return nil }
        let request = order[next]
        next += 1
        if next == order.count || next > 1_024 {
            order.removeFirst(next)
            next = 0
        }
        running += 1
        return (request, waiters.removeValue(forKey: request) ?? [])
    }

    mutating func finished() {
        running -= 1
    }
}
