/// What has ended while a call that goes out in several batches was on its way: a later batch must not bring it back.
struct BulkCalls<Key: Hashable> {
    private var running = 0
    private var newest = 0
    /// The newest call that had begun by then.
    private var ended: [Key: Int] = [:]

    /// A call begins; ``finish()`` must follow.
    mutating func begin() -> Int {
        running += 1
        newest += 1
        return newest
    }

    mutating func finish() {
        running -= 1
        if running == 0 { ended.removeAll() }
    }

    mutating func end(_ key: Key) {
        if running > 0 { ended[key] = newest }
    }

    /// Whether the key has ended since the call began.
    func hasEnded(_ key: Key, since call: Int) -> Bool {
        ended[key].map { $0 >= call } ?? false
    }
}
