import Logging
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct SampledLogTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `so many lines a second are written, and the others counted`() {
        var sampler = LogSampler(limit: 3)
        #expect((0..<10).map { sampler.admits(now: Self.second + $0) }.count { $0 } == 3)
        // Not before the second is over: more may come.
        #expect(sampler.takeLeftOut(now: Self.second + 999) == 0)
        #expect(sampler.takeLeftOut(now: 2 * Self.second) == 7)
        #expect(sampler.takeLeftOut(now: 2 * Self.second) == 0)
        let isAdmitted = sampler.admits(now: 2 * Self.second)
        #expect(isAdmitted)
    }

    @Test func `the last count comes at once`() {
        var sampler = LogSampler(limit: 1)
        _ = sampler.admits(now: 5)
        _ = sampler.admits(now: 6)
        #expect(sampler.takeLeftOut(now: 7, isLast: true) == 1)
    }

    @Test func `at info nothing is even put into words`() {
        let words = NIOLockedValueBox(0)
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .info
        var log = SampledLog(logger, "streams")
        log.write(
            "opened",
            {
                words.withLockedValue { $0 += 1 }
                return [:]
            }())
        #expect(words.withLockedValue { $0 } == 0)
    }

    @Test(arguments: [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
    ])
    func `a traceparent is one by its form`(_ text: String) throws {
        let trace = try #require(TraceParent(text))
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736" && trace.spanID == "00f067aa0ba902b7")
    }

    @Test(arguments: [
        "", "00-a-b-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0-04bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ])
    func `what is no traceparent is nobody's trace`(_ text: String) {
        #expect(TraceParent(text) == nil)
    }
}
