import Testing

@testable import TributaryCore

@Suite struct HistogramTests {
    @Test func `a value counts in the first bucket that it does not exceed`() {
        var histogram = Histogram(bounds: [10, 20, 30])
        for value: UInt64 in [0, 10, 11, 20, 30, 31, 1_000_000] { histogram.record(value) }
        #expect(histogram.counts == [2, 2, 1, 2])
        #expect(histogram.count == 7 && histogram.sum == 1_000_102)
    }

    @Test func `a value that came up often counts as often, in its bucket and in the sum`() {
        var histogram = Histogram(bounds: [10])
        histogram.record(7, times: 1_000)
        histogram.record(11, times: 2)
        histogram.record(3, times: 0)
        #expect(histogram.counts == [1_000, 2] && histogram.sum == 7_022)
    }

    @Test func `two add up bucket by bucket`() {
        var one = Histogram.latency
        var other = Histogram.latency
        one.record(500)
        other.record(500, times: 2)
        other.record(.max / 2)
        one.add(other)
        #expect(one.counts.first == 3 && one.counts.last == 1 && one.count == 4)
    }

    @Test(arguments: [Histogram.latency, .duration, .delay, .roundTrip, .events])
    func `bounds ascend, so that every value has one bucket`(_ histogram: Histogram) {
        #expect(zip(histogram.bounds, histogram.bounds.dropFirst()).allSatisfy { $0 < $1 })
        #expect(histogram.counts.count == histogram.bounds.count + 1)
    }

    @Test func `the latency has a bound at the 100 ms that the alert asks for`() {
        #expect(Histogram.latency.bounds.contains(100_000))
    }
}
