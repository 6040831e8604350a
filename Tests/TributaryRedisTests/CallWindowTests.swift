import Testing

@testable import TributaryRedis

@Suite struct CallWindowTests {
    private func sent(_ window: inout CallWindow<Int>) -> [Int] {
        var sent: [Int] = []
        while let (number, _) = window.next() { sent.append(number) }
        return sent
    }

    @Test func `few calls are on their way at a time, in their order`() {
        var window = CallWindow<Int>(maximumWaiting: 100)
        let size = CallWindow<Int>.size
        let kept = (0..<size + 3).map { window.add($0) }
        #expect(!kept.contains(false))
        let first = sent(&window)
        #expect(first == Array(0..<size))
        for _ in 0..<2 { window.answered(weight: 1) }
        let second = sent(&window)
        #expect(second == [size, size + 1])
        for _ in 0..<size { window.answered(weight: 1) }
        let third = sent(&window)
        #expect(third == [size + 2])
    }

    @Test func `a call that takes long goes with few others, and one that takes longer than all alone`() {
        var window = CallWindow<Int>(maximumWaiting: 100)
        let size = CallWindow<Int>.size
        let kept = [(1, size - 1), (2, 1), (3, 1), (4, size + 1), (5, 1)].map { window.add($0, weight: $1) }
        #expect(!kept.contains(false))
        let first = sent(&window)
        #expect(first == [1, 2])
        window.answered(weight: 1)
        let second = sent(&window)
        #expect(second == [3])
        window.answered(weight: size - 1)
        // What stands behind a long one does not overtake it.
        let none = sent(&window)
        #expect(none.isEmpty)
        window.answered(weight: 1)
        let long = sent(&window)
        #expect(long == [4])
        window.answered(weight: size + 1)
        let last = sent(&window)
        #expect(last == [5])
    }

    @Test func `what would wait without end is refused, and leaves no trace`() {
        var window = CallWindow<Int>(maximumWaiting: 2)
        let kept = [1, 2, 3].map { window.add($0) }
        #expect(kept == [true, true, false])
        let all = sent(&window)
        #expect(all == [1, 2])
        let isKept = window.add(4)
        #expect(isKept)
        let last = sent(&window)
        #expect(last == [4])
    }
}
