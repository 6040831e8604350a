/// Calls that ask for the same: whoever asks while one is on its way gets the answer of the next, together with all others.
struct SharedCalls<Key: Hashable, Waiter> {
    /// Who asked since the call began that is on its way.
    private var waiting: [Key: [Waiter]] = [:]

    /// - Returns: whether the call is to be made now, for this one; ``finish(_:)`` must follow.
    mutating func begin(_ key: Key, _ waiter: Waiter) -> Bool {
        guard waiting[key] != nil else {
            waiting[key] = []
            return true
        }
        waiting[key]?.append(waiter)
        return false
    }

    /// The call is over.
    ///
    /// - Returns: for whom the next is to be made now; if there is anybody, ``finish(_:)`` must follow.
    mutating func finish(_ key: Key) -> [Waiter] {
        let waiters = waiting.removeValue(forKey: key) ?? []
        if !waiters.isEmpty { waiting[key] = [] }
        return waiters
    }
}
