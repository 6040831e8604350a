import Testing

@testable import TributaryClient

@Suite struct BackoffTests {
    @Test func `the ceiling doubles from one second up to thirty`() {
        var backoff = Backoff(policy: ReconnectPolicy())
        let ceilings = (1...8).map { _ in backoff.next(jitter: 1) }
        #expect(ceilings == [1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
    }

    @Test func `full jitter spreads from nothing to the ceiling`() {
        var backoff = Backoff(policy: ReconnectPolicy())
        #expect(backoff.next(jitter: 0) == .zero)
        #expect(backoff.next(jitter: 0.5) == .seconds(1))
    }

    @Test func `a thousand failures neither overflow nor exceed the cap`() {
        var backoff = Backoff(policy: ReconnectPolicy())
        for _ in 0..<1000 { #expect(backoff.next(jitter: 1) <= .seconds(30)) }
        #expect(backoff.attempt == 1000)
    }

    @Test func `only a stream that lived ten seconds resets the attempts`() {
        var backoff = Backoff(policy: ReconnectPolicy())
        _ = backoff.next(jitter: 1)
        _ = backoff.next(jitter: 1)
        backoff.streamLived(.milliseconds(9_999))
        #expect(backoff.next(jitter: 1) == .seconds(4))
        backoff.streamLived(.seconds(10))
        #expect(backoff.next(jitter: 1) == .seconds(1))
    }

    @Test func `retry takes the place of the base and is the least`() {
        var backoff = Backoff(policy: ReconnectPolicy())
        backoff.take(retryMilliseconds: 3_000)
        #expect(backoff.next(jitter: 0) == .seconds(3))
        #expect(backoff.next(jitter: 1) == .seconds(6))
        #expect(backoff.next(jitter: 0.1) == .seconds(3))
    }

    @Test(arguments: [(0, 100), (-5, 100), (50, 100), (2_000, 2_000), (31_000, 30_000), (Int.max, 30_000)])
    func `retry stays within bounds`(asked: Int, granted: Int) {
        var backoff = Backoff(policy: ReconnectPolicy())
        backoff.take(retryMilliseconds: asked)
        #expect(backoff.retry == .milliseconds(granted))
    }

    @Test func `what the hub asks for holds exactly once, then is the least`() {
        var backoff = Backoff(policy: ReconnectPolicy())
        backoff.take(retryMilliseconds: 3_000)
        #expect(backoff.next(asked: .milliseconds(350), jitter: 1) == .milliseconds(350))
        #expect(backoff.next(asked: .milliseconds(350), jitter: 1) == .seconds(6))
        #expect(backoff.next(asked: .seconds(60), jitter: 1) == .seconds(60))
    }

    @Test func `nobody can send a client to sleep for more than an hour`() {
        var backoff = Backoff(policy: ReconnectPolicy())
        #expect(backoff.next(asked: .seconds(1 << 40), jitter: 1) == .seconds(3600))
        #expect(backoff.next(asked: .seconds(-7), jitter: 0) == .zero)
    }
}
