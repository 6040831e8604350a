import NIOCore

/// Lets few calls be on their way at a time, in their order: Redis does all that it has read of a connection before it turns to the next one,
/// and what others publish waits meanwhile. Decides; ``RedisCoordination`` acts.
struct CallWindow<Call> {
    private var waiting = CircularBuffer<(call: Call, weight: Int)>()
    /// Of what is on its way, together.
    private var sent = 0
    private let maximumWaiting: Int

    /// 16 scripts of some 40 µs each, or one that takes as long: below a millisecond for whoever waits, and no pause for Redis.
    static var size: Int { 16 }

    init(maximumWaiting: Int) {
        self.maximumWaiting = maximumWaiting
    }

    /// - Parameter weight: how many scripts of the usual length it is worth.
    /// - Returns: false if too many wait; the call is not kept then.
    mutating func add(_ call: Call, weight: Int = 1) -> Bool {
        guard waiting.count < maximumWaiting else { return false }
        waiting.append((call, weight))
        return true
    }

    /// What is to be sent now; `nil` if nothing waits, or if answers are awaited first.
    mutating func next() -> (call: Call, weight: Int)? {
        guard let first = waiting.first, sent == 0 || sent + first.weight <= Self.size else { return nil }
        waiting.removeFirst()
        sent += first.weight
        return first
    }

    /// A call was answered, or failed.
    mutating func answered(weight: Int) { sent -= weight }
}
