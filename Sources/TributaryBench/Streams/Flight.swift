/// Which of the messages published have not yet reached all their streams.
///
/// A ring of counters: at most 65,536 messages can be in flight.
struct Flight {
    private let remaining: UnsafeMutablePointer<UInt32>
    private let lanes: UInt64
    private(set) var count = 0

    static let maximum = 1 << 16
    private static let mask = UInt64(maximum - 1)

    /// - Parameter lanes: how many sequences are published, round robin.
    init(lanes: Int) {
        self.lanes = UInt64(lanes)
        remaining = .allocate(capacity: Self.maximum)
        remaining.initialize(repeating: 0, count: Self.maximum)
    }

    func deallocate() {
        remaining.deallocate()
    }

    /// A message leaves for so many streams.
    mutating func depart(lane: Int, sequence: UInt64, streams: Int) {
        guard streams > 0 else { return }
        let place = place(lane, sequence)
        if remaining[place] == 0 { count += 1 }
        remaining[place] = UInt32(streams)
    }

    /// It has reached one of them.
    @inline(__always)
    mutating func arrive(lane: Int, sequence: UInt64) {
        let place = place(lane, sequence)
        let left = remaining[place]
        guard left > 0 else { return }
        remaining[place] = left &- 1
        if left == 1 { count &-= 1 }
    }

    /// Gives up what has not arrived, as after a loss.
    mutating func forget() {
        remaining.update(repeating: 0, count: Self.maximum)
        count = 0
    }

    @inline(__always)
    private func place(_ lane: Int, _ sequence: UInt64) -> Int {
        Int((sequence &* lanes &+ UInt64(truncatingIfNeeded: lane)) & Self.mask)
    }
}
