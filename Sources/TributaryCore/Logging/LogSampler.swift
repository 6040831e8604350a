/// Keeps lines that may come by the thousand within a bound, and counts what it leaves out. Decides only; plain state.
struct LogSampler {
    /// 20 lines a second: enough to see what is going on, and nothing that an event loop would feel.
    static let linesPerSecond = 20
    private static let second: UInt64 = 1_000_000_000

    private let limit: Int
    private var began: UInt64 = 0
    private var written = 0
    private var leftOut: UInt64 = 0

    init(limit: Int = linesPerSecond) {
        self.limit = limit
    }

    /// - Parameter now: nanoseconds of a monotonic clock.
    /// - Returns: whether the line is to be written.
    mutating func admits(now: UInt64) -> Bool {
        if now >= began &+ Self.second {
            began = now
            written = 0
        }
        guard written < limit else {
            leftOut += 1
            return false
        }
        written += 1
        return true
    }

    /// How many lines were left out since the last time; 0 before their second is over. To be asked now and then, and for the last time
    /// with `isLast`.
    mutating func takeLeftOut(now: UInt64, isLast: Bool = false) -> UInt64 {
        guard leftOut > 0, isLast || now >= began &+ Self.second else { return 0 }
        defer { leftOut = 0 }
        return leftOut
    }
}
