import Testing

@testable import TributaryClient

@Suite struct WatchdogTests {
    private let start = ContinuousClock.now

    @Test func `silence is as long as the limit, not shorter`() {
        var watchdog = Watchdog()
        watchdog.waits(since: start, atMost: .seconds(5))
        #expect(watchdog.verdict(at: start) == .lookAgain(after: .seconds(1)))
        #expect(watchdog.verdict(at: start + .seconds(4.5)) == .lookAgain(after: .seconds(0.5)))
        #expect(watchdog.verdict(at: start + .seconds(5)) == .silent(.seconds(5)))
    }

    @Test func `time that handlers take does not count`() {
        var watchdog = Watchdog()
        watchdog.waits(since: start, atMost: .seconds(5))
        watchdog.gotBytes()
        #expect(watchdog.verdict(at: start + .seconds(500)) == .lookAgain(after: .seconds(1)))
        watchdog.waits(since: start + .seconds(500), atMost: .seconds(5))
        #expect(watchdog.verdict(at: start + .seconds(504.75)) == .lookAgain(after: .seconds(0.25)))
    }

    @Test func `a wait without a limit is never silence`() {
        var watchdog = Watchdog()
        watchdog.waits(since: start, atMost: nil)
        #expect(watchdog.verdict(at: start + .seconds(100_000)) == .lookAgain(after: .seconds(1)))
    }
}
