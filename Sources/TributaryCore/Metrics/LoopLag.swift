/// How late an event loop comes to what is due: what it holds up, it holds up for every stream. Lives on its event loop.
struct LoopLag: Sendable {
    /// All ticks, in microseconds.
    private(set) var histogram = Histogram.duration
    private var newest: [UInt64] = []
    private var next = 0

    /// 250 ms: four chances a second to notice, and nothing that a loop would feel.
    static let tickMilliseconds: Int64 = 250
    /// 120 ticks, half a minute: no scrape in between misses a pause.
    private static let window = 120

    /// - Parameter microseconds: from when a tick was due to when it came.
    mutating func note(_ microseconds: UInt64) {
        histogram.record(microseconds)
        guard newest.count == Self.window else { return newest.append(microseconds) }
        newest[next] = microseconds
        next = (next + 1) % Self.window
    }

    /// The longest of the last half minute, in microseconds.
    var longest: UInt64 { newest.max() ?? 0 }
}
