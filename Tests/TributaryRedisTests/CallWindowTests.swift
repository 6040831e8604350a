import Testing

@testable import TributaryRedis

@Suite struct CallWindowTests {
    private func sent(_ window: inout CallWindow<Int>) -> [Int] {
        var sent: [Int] = []
        while let number = window.next() { sent.append(number) }
        return sent
    }

    @Test func `few calls are on their way at a time, in their order`() {
        var window = CallWindow<Int>(maximumWaiting: 100)
        let size = CallWindow<Int>.size
        let kept = (0..<size + 3).map { window.add($0) }
        #expect(!kept.contains(false))
        let first = sent(&window)
        #expect(first == Array(0..<size))
        for _ in 0..<2 { window.answered() }
        let second = sent(&window)
        #expect(second == [size, size + 1])
        for _ in 0..<size { window.answered() }
        let third = sent(&window)
        #expect(third == [size + 2])
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
