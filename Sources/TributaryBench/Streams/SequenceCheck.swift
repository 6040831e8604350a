/// What one stream has seen of a numbered sequence of events: loss, repeats and disorder, exactly.
///
/// It begins with the first number that it sees. The usual case, the next number, is one comparison.
struct SequenceCheck {
    /// What a number turned out to be.
    enum Verdict {
        /// The next one, or one after a hole.
        case new
        /// One that was missing until now: the sequence was out of order.
        case late
        /// Seen before, or from before the beginning.
        case repeated
    }

    /// The lowest number that is higher than all that were seen.
    private(set) var next = nothing
    private(set) var repeated: UInt32 = 0
    private(set) var disordered: UInt32 = 0
    /// Ascending. Where there are too many, the oldest are given up: what fills them then counts as repeated.
    private var holes: [Range<UInt64>] = []
    private var missing: UInt64 = 0

    /// A server that scatters its events must not fill the memory of the one who finds out.
    private static let maximumHoles = 1_024

    /// No number has more than 18 digits.
    private static let nothing = UInt64.max

    /// Nothing was seen yet.
    var isEmpty: Bool { next == Self.nothing }

    @inline(__always)
    mutating func take(_ number: UInt64) -> Verdict {
        if number == next {
            next &+= 1
            return .new
        }
        return takeUnusual(number)
    }

    /// Expects this number first, whatever comes.
    mutating func begin(at number: UInt64) {
        next = number
    }

    /// How many numbers are missing, if so many were published.
    ///
    /// - Parameters:
    ///   - published: one more than the highest number published.
    ///   - beginning: where a stream that saw nothing ought to have begun.
    func lost(of published: UInt64, from beginning: UInt64 = 0) -> UInt64 {
        if isEmpty { return published > beginning ? published - beginning : 0 }
        return missing + (published > next ? published - next : 0)
    }

    @inline(never)
    private mutating func takeUnusual(_ number: UInt64) -> Verdict {
        if isEmpty {
            next = number + 1
            return .new
        }
        if number > next {
            if holes.count == Self.maximumHoles { holes.removeFirst() }
            holes.append(next..<number)
            missing += number - next
            next = number + 1
            return .new
        }
        guard let index = holes.lastIndex(where: { $0.contains(number) }) else {
            repeated &+= 1
            return .repeated
        }
        let hole = holes.remove(at: index)
        if number + 1 < hole.upperBound { holes.insert(number + 1..<hole.upperBound, at: index) }
        if hole.lowerBound < number { holes.insert(hole.lowerBound..<number, at: index) }
        missing -= 1
        disordered &+= 1
        return .late
    }
}
