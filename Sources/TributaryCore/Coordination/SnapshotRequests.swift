import NIOCore

/// Who of a project waits to be told who is there. One question at a time; what is heard while it is asked is told after the
/// answer, because the answer may be older. Decides only; lives on the relay's event loop.
struct SnapshotRequests {
    /// Shards that wait for the question that is asked.
    private var asked: Set<Int> = []
    /// Shards that wait for the next one.
    private var next: Set<Int> = []
    /// Presence events that came since the question, encoded.
    private var heard = ByteBuffer()
    private(set) var isAsking = false

    /// A shard has streams that want to know.
    ///
    /// - Returns: true if the question is to be asked now.
    mutating func want(shard: Int) -> Bool {
        next.insert(shard)
        return begin()
    }

    /// - Returns: true if the question is to be asked now.
    mutating func begin() -> Bool {
        guard !isAsking, !next.isEmpty else { return false }
        asked = next
        next = []
        heard.clear()
        isAsking = true
        return true
    }

    /// A presence event was passed on.
    mutating func note(_ frame: ByteBufferView) {
        if isAsking { heard.writeBytes(frame) }
    }

    /// The answer is here.
    ///
    /// - Returns: who waits for it, and what comes after it. No question is asked before ``rest()``.
    mutating func answered() -> (shards: Set<Int>, heard: ByteBuffer) {
        defer { asked = [] }
        return (asked, heard)
    }

    /// There was no answer.
    mutating func failed() {
        next.formUnion(asked)
        asked = []
    }

    /// The next question may be asked.
    ///
    /// - Returns: true if it is to be.
    mutating func rest() -> Bool {
        isAsking = false
        return begin()
    }
}
