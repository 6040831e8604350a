import Histogram
import Testing

@testable import TributaryBench

@Suite struct OptionTests {
    @Test func `addresses are one, several, or a range`() throws {
        #expect(try SourceAddresses("127.0.0.1").names == ["127.0.0.1"])
        #expect(try SourceAddresses("127.0.0.254-127.0.1.1").names.count == 4)
        #expect(try SourceAddresses("10.0.0.1,127.0.0.1-127.0.0.2").names == ["10.0.0.1", "127.0.0.1", "127.0.0.2"])
        for bad in ["", "localhost", "127.0.0.2-127.0.0.1", "127.0.0.1-", "1.2.3", "0.0.0.0-255.255.255.255"] {
            #expect(throws: BenchError.self, "\(bad)") { try SourceAddresses(bad) }
        }
    }

    @Test func `many streams on one machine come from several addresses`() {
        #expect(SourceAddresses.loopback(for: 1).names == ["127.0.0.1"])
        #expect(SourceAddresses.loopback(for: 8_001).names == ["127.0.0.1", "127.0.0.2"])
        #expect(SourceAddresses.loopback(for: 4_000_000).names.count == 200)
    }

    @Test func `cores are one, several, or a range`() throws {
        #expect(try Cores("0", option: "-").numbers == [0])
        #expect(try Cores("0,2-4", option: "-").numbers == [0, 2, 3, 4])
        #expect(try Cores("all", option: "-").numbers.isEmpty)
        for bad in ["", "x", "2-1", "-1", "99999"] {
            #expect(throws: BenchError.self, "\(bad)") { try Cores(bad, option: "--server-cpu") }
        }
    }

    @Test func `a URL is taken apart, fields in its path stay`() throws {
        let address = try HTTPAddress("http://host:81/a?b={project}", option: "--url")
        #expect(address.host == "host" && address.port == 81 && address.path == Template("/a?b={project}"))
        #expect(try HTTPAddress("http://host?x=1", option: "--url").path == Template("/?x=1"))
        for bad in ["https://host/", "host:80", "http://", "http://{project}/", "http://host:0/", "http://host:x/"] {
            #expect(throws: BenchError.self, "\(bad)") { try HTTPAddress(bad, option: "--url") }
        }
    }

    @Test func `a plan that cannot be carried out names the option`() throws {
        var plan = BenchPlan(.fanout)
        try plan.check()
        plan.runs = 0
        #expect(throws: BenchError("--runs: 1 to 1,000")) { try plan.check() }
        plan = BenchPlan(.latency)
        plan.rate = 0
        #expect(throws: BenchError("--rate: latency needs one")) { try plan.check() }
        plan = BenchPlan(.fanout)
        plan.target = try StreamTarget(url: "http://127.0.0.1:1/")
        #expect(throws: BenchError.self) { try plan.check() }
    }

    @Test(arguments: Scenario.allCases) func `every scenario stands as it is`(_ scenario: Scenario) throws {
        try BenchPlan(scenario).check()
    }

    @Test func `messages at a rate are due one interval after the other, also after a delay`() {
        var pace = Pace(rate: 100, from: 1_000)
        // At its time, a moment later, and 25 ms late: the two that were due by then are made up for.
        let due = [1_000, 1_001, 25_001_000, 25_001_000, 25_001_000].map { pace.isDue($0) }
        #expect(due == [true, false, true, true, false])
        #expect(pace.milliseconds(from: 25_001_000, until: .max) == 5)
        #expect(pace.milliseconds(from: 31_000_000_000, until: 5) == 0)
    }

    @Test func `a message has left the flight when all its streams have it`() {
        var flight = Flight(lanes: 2)
        defer { flight.deallocate() }
        flight.depart(lane: 0, sequence: 0, streams: 2)
        flight.depart(lane: 1, sequence: 0, streams: 1)
        #expect(flight.count == 2)
        flight.arrive(lane: 0, sequence: 0)
        #expect(flight.count == 2)
        flight.arrive(lane: 0, sequence: 0)
        flight.arrive(lane: 0, sequence: 0)
        #expect(flight.count == 1)
        flight.forget()
        flight.arrive(lane: 1, sequence: 0)
        #expect(flight.count == 0)
    }

    @Test func `figures of several runs are medians, faults the worst`() {
        let runs = [3.0, 9.0, 1.0].map { value in
            var run = RunFigures()
            run.deliveriesPerSecond = value
            run.lost = value
            return run
        }
        let result = RunFigures(mediansOf: runs)
        #expect(result.deliveriesPerSecond == 3 && result.lost == 9 && result.rssIdle == nil)
        #expect(Median.of([4, 1]) == 2.5 && Median.of([]) == nil)
    }

    @Test func `percentiles come of the histogram`() throws {
        var histogram = Book.emptyHistogram
        #expect(LatencyFigures(histogram) == nil)
        for value in 1...1_000 { histogram.record(UInt64(value) * 1_000_000) }
        let figures = try #require(LatencyFigures(histogram))
        #expect(abs(figures.p50 / 500e6 - 1) < 0.002 && abs(figures.p999 / 999e6 - 1) < 0.002)
        #expect(abs(figures.max / 1_000e6 - 1) < 0.002 && figures.count == 1_000)
    }

    @Test func `numbers for people are short`() {
        #expect(
            Amount.whole(1_234_567) == "1,234,567" && Amount.whole(999) == "999" && Amount.whole(-1_234) == "-1,234")
        #expect(Amount.short(1_960_000) == "1.96 M" && Amount.short(243_400) == "243 k")
        #expect(Amount.short(46_900) == "46.9 k" && Amount.short(9_120) == "9,120")
    }
}
