import NIOCore

/// Lets few calls be on their way at a time, in their order: Redis does all that it has read of a connection before it turns to the next one,
/// and what others publish waits meanwhile. Decides; ``RedisCoordination`` acts.
struct CallWindow<Call> {
    private var waiting = CircularBuffer<Call>()
    private var sent = 0
    private let maximumWaiting: Int

    /// 16 scripts of some 40 µs each: below a millisecond for whoever waits, and no pause for Redis.
    static var size: Int { 16 }

    init(maximumWaiting: Int) {
        self.maximumWaiting = maximumWaiting
    }

    /// - Returns: false if too many wait; the call is not kept then.
    mutating func add(_ call: Call) -> Bool {
        guard waiting.count < maximumWaiting else { return false }
        waiting.append(call)
        return true
    }

    /// What is to be sent now; `nil` if nothing waits, or if answers are awaited first.
    mutating func next() -> Call? {
        guard sent < Self.size, let call = waiting.popFirst() else { return nil }
        sent += 1
        return call
    }

    /// A call was answered, or failed.
    mutating func answered() { sent -= 1 }
}
