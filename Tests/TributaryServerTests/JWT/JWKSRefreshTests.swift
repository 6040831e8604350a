import Testing

@testable import TributaryServer

/// When the issuer's keys are fetched; no socket here.
@Suite struct JWKSRefreshTests {
    private var refresh = JWKSRefresh()

    /// One that fetched at 0.
    private static func fetched() -> JWKSRefresh {
        var refresh = JWKSRefresh()
        _ = refresh.decide(isKnown: false, at: 0)
        refresh.ended(success: true, at: 0)
        return refresh
    }

    @Test func `the first token fetches, and others wait with it`() {
        var refresh = refresh
        #expect(refresh.decide(isKnown: false, at: 0) == .fetch)
        #expect(refresh.decide(isKnown: false, at: 1) == .join)
        #expect(refresh.decide(isKnown: false, at: 100_000) == .join)
        refresh.ended(success: true, at: 100_001)
        #expect(refresh.decideAfterwards(isKnown: true, at: 100_001) == .use)
        #expect(refresh.decideAfterwards(isKnown: false, at: 100_001) == .unknown)
    }

    @Test func `an unknown key asks the issuer at most once a minute`() {
        var refresh = Self.fetched()
        #expect(refresh.decide(isKnown: false, at: 1) == .unknown)
        #expect(refresh.decide(isKnown: false, at: 59_999) == .unknown)
        #expect(refresh.decide(isKnown: false, at: 60_000) == .fetch)
        refresh.ended(success: true, at: 60_100)
        // From its beginning on, however long it took.
        #expect(refresh.decide(isKnown: false, at: 119_999) == .unknown)
        #expect(refresh.decide(isKnown: false, at: 120_000) == .fetch)
    }

    @Test func `a known key never waits`() {
        var refresh = Self.fetched()
        #expect(refresh.decide(isKnown: true, at: 1) == .use)
        #expect(refresh.decide(isKnown: false, at: 60_000) == .fetch)
        #expect(refresh.decide(isKnown: true, at: 60_001) == .use)
        refresh.ended(success: false, at: 60_002)
        #expect(refresh.decide(isKnown: true, at: 60_003) == .use)
    }

    @Test func `keys that have got old are fetched beside the token`() {
        var refresh = Self.fetched()
        #expect(refresh.decide(isKnown: true, at: 3_599_999) == .use)
        #expect(refresh.decide(isKnown: true, at: 3_600_000) == .useAndFetch)
        #expect(refresh.decide(isKnown: true, at: 3_600_001) == .use)
        refresh.ended(success: false, at: 3_600_002)
        // Old keys stay while that fails, and it is tried again after a minute.
        #expect(refresh.decide(isKnown: true, at: 3_659_999) == .use)
        #expect(refresh.decide(isKnown: true, at: 3_660_000) == .useAndFetch)
        refresh.ended(success: true, at: 3_660_001)
        #expect(refresh.decide(isKnown: true, at: 7_260_000) == .use)
    }

    @Test func `without any key, the issuer is asked every five seconds, and until then nobody knows`() {
        var refresh = refresh
        #expect(refresh.decide(isKnown: false, at: 0) == .fetch)
        refresh.ended(success: false, at: 1_000)
        #expect(refresh.decideAfterwards(isKnown: false, at: 1_000) == .unavailable(milliseconds: 4_000))
        #expect(refresh.decide(isKnown: false, at: 4_999) == .unavailable(milliseconds: 1))
        #expect(refresh.decide(isKnown: false, at: 5_000) == .fetch)
    }

    @Test func `a new key that cannot be fetched is not called unknown`() {
        var refresh = Self.fetched()
        #expect(refresh.decide(isKnown: false, at: 60_000) == .fetch)
        refresh.ended(success: false, at: 65_000)
        #expect(refresh.decideAfterwards(isKnown: false, at: 65_000) == .unavailable(milliseconds: 55_000))
        #expect(refresh.decide(isKnown: false, at: 119_999) == .unavailable(milliseconds: 1))
        #expect(refresh.decide(isKnown: false, at: 120_000) == .fetch)
    }
}
