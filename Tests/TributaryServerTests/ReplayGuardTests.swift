import Testing

@testable import TributaryServer

@Suite struct ReplayGuardTests {
    private static let start: UInt64 = 1_700_000_000

    private func nonce(_ number: UInt64) -> ReplayGuard.Nonce {
        ReplayGuard.Nonce((0..<16).map { UInt8(truncatingIfNeeded: number >> ($0 % 8 * 8)) })
    }

    @Test func `a nonce is new once, for as long as its signature holds`() {
        var replays = ReplayGuard()
        #expect(replays.admit(nonce(1), signedAt: Self.start, now: Self.start) == .new)
        #expect(replays.admit(nonce(2), signedAt: Self.start, now: Self.start) == .new)
        for now in [Self.start, Self.start + 150, Self.start + 300] {
            #expect(replays.admit(nonce(1), signedAt: Self.start, now: now) == .replayed)
        }
        #expect(replays.count == 2)
        #expect(replays.admit(nonce(3), signedAt: Self.start + 301, now: Self.start + 301) == .new)
        #expect(replays.count == 1)
    }

    @Test func `one from the future is remembered until its own time is over`() {
        var replays = ReplayGuard()
        #expect(replays.admit(nonce(1), signedAt: Self.start + 300, now: Self.start) == .new)
        #expect(replays.admit(nonce(1), signedAt: Self.start + 300, now: Self.start + 600) == .replayed)
        _ = replays.admit(nonce(2), signedAt: Self.start + 601, now: Self.start + 601)
        #expect(replays.count == 1)
    }

    @Test func `what was forgotten is not new again where the clock was set back`() {
        var replays = ReplayGuard()
        #expect(replays.admit(nonce(1), signedAt: Self.start, now: Self.start) == .new)
        #expect(replays.admit(nonce(2), signedAt: Self.start + 3_600, now: Self.start + 3_600) == .new)
        #expect(replays.admit(nonce(1), signedAt: Self.start, now: Self.start + 1) == .stale)
        // What was signed since is as good as ever.
        #expect(replays.admit(nonce(3), signedAt: Self.start + 1, now: Self.start + 1) == .new)
        #expect(replays.admit(nonce(3), signedAt: Self.start + 1, now: Self.start + 1) == .replayed)
    }

    @Test func `when it is full nothing is forgotten before its time, and nothing is taken`() {
        var replays = ReplayGuard(limit: 100)
        for number in 0..<100 {
            let signedAt = Self.start + UInt64(number / 50)
            #expect(replays.admit(nonce(UInt64(number)), signedAt: signedAt, now: Self.start) == .new)
        }
        #expect(replays.admit(nonce(100), signedAt: Self.start, now: Self.start) == .full(seconds: 301))
        #expect(replays.admit(nonce(100), signedAt: Self.start, now: Self.start + 300) == .full(seconds: 1))
        for number in 0..<100 {
            let signedAt = Self.start + UInt64(number / 50)
            #expect(replays.admit(nonce(UInt64(number)), signedAt: signedAt, now: Self.start + 300) == .replayed)
        }
        // A second later half of it is free.
        #expect(replays.admit(nonce(100), signedAt: Self.start + 301, now: Self.start + 301) == .new)
        #expect(replays.count == 51)
    }

    @Test func `it never holds more than its limit, whatever comes`() {
        var replays = ReplayGuard(limit: 1_000)
        var most = 0
        for step in 0..<20_000 {
            let now = Self.start + UInt64(step / 10)
            _ = replays.admit(nonce(UInt64(step)), signedAt: now + UInt64(step % 601) - 300, now: now)
            most = max(most, replays.count)
        }
        #expect(most == 1_000)
    }
}
