import Testing

@testable import TributaryBench

@Suite struct SequenceCheckTests {
    private var check = SequenceCheck()

    private mutating func take(_ numbers: UInt64...) -> [SequenceCheck.Verdict] {
        numbers.map { check.take($0) }
    }

    @Test mutating func `what comes in order is neither lost nor repeated`() {
        #expect(take(0, 1, 2, 3) == [.new, .new, .new, .new])
        #expect(check.lost(of: 4) == 0 && check.repeated == 0 && check.disordered == 0)
    }

    @Test mutating func `the first number seen is the beginning`() {
        #expect(take(7, 8) == [.new, .new])
        #expect(check.lost(of: 9) == 0)
    }

    @Test mutating func `what is missing in between and at the end is lost`() {
        _ = take(0, 1, 4, 5, 9)
        #expect(check.lost(of: 12) == 2 + 3 + 2)
    }

    @Test mutating func `a number that comes late is out of order, and lost no more`() {
        #expect(take(0, 1, 5, 3) == [.new, .new, .new, .late])
        #expect(check.disordered == 1 && check.lost(of: 6) == 2)
        #expect(take(2, 4) == [.late, .late])
        #expect(check.disordered == 3 && check.lost(of: 6) == 0 && check.repeated == 0)
    }

    @Test mutating func `a number that came before is repeated, however long ago`() {
        _ = take(0, 2, 3)
        #expect(take(0, 3, 2) == [.repeated, .repeated, .repeated])
        #expect(take(1, 1) == [.late, .repeated])
        #expect(check.repeated == 4 && check.lost(of: 4) == 0)
    }

    @Test mutating func `a number from before the beginning is repeated`() {
        #expect(take(5, 4) == [.new, .repeated])
    }

    @Test mutating func `a stream that is told where to begin misses what it was not sent`() {
        check.begin(at: 10)
        #expect(take(12) == [.new])
        #expect(check.lost(of: 13) == 2)
    }

    @Test func `a stream that saw nothing has lost everything`() {
        #expect(SequenceCheck().lost(of: 5) == 5)
        #expect(SequenceCheck().lost(of: 5, from: 3) == 2)
    }

    @Test mutating func `thousands of holes are counted, and remembered up to a bound`() {
        for number in stride(from: UInt64(0), through: 10_000, by: 2) { _ = check.take(number) }
        #expect(check.lost(of: 10_001) == 5_000)
        #expect(take(9_999, 1) == [.late, .repeated])
    }

    @Test(arguments: [3, 9, 2_025] as [UInt64])
    mutating func `any order of a sequence with repeats adds up`(_ seed: UInt64) {
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        // Blocks of eight: shuffled, some dropped, some sent twice.
        check.begin(at: 0)
        var dropped: UInt64 = 0
        var repeated: UInt32 = 0
        for block in 0..<100 {
            var numbers = (0..<8).map { UInt64(block * 8 + $0) }
            for index in numbers.indices.reversed() { numbers.swapAt(index, random(index + 1)) }
            for number in numbers {
                switch random(10) {
                case 0: dropped += 1
                case 1:
                    _ = take(number, number)
                    repeated += 1
                default: _ = take(number)
                }
            }
        }
        #expect(check.lost(of: 800) == dropped)
        #expect(check.repeated == repeated)
    }
}
