import Testing

@testable import TributaryCore

/// When a stream's time is over, and when somebody is asked whether it is; without a stream.
@Suite struct StreamTermTests {
    private static let channels = ChannelSet.all(of: 2)

    private func instant(_ milliseconds: UInt64) -> Instant { Instant(milliseconds: 1_700_000_000_000 + milliseconds) }

    private func review(at milliseconds: UInt64) -> StreamLease.Review {
        StreamLease.Review(at: instant(milliseconds)) { _ in .revoked }
    }

    private func term(
        expiresAt: UInt64? = nil, reviewAt: UInt64? = nil, lastTick: UInt32? = nil
    ) throws -> StreamTerm {
        let lease = StreamLease(expiresAt: expiresAt.map(instant), review: reviewAt.map(review))
        return try #require(StreamTerm(lease, lastTick: lastTick, now: instant(0)))
    }

    private func end(_ term: StreamTerm, at milliseconds: UInt64, tick: UInt32 = 0) -> StreamCloseReason? {
        guard case .end(let reason) = term.step(now: instant(milliseconds), tick: tick) else { return nil }
        return reason
    }

    private func number(_ term: StreamTerm, at milliseconds: UInt64) -> UInt32? {
        guard case .ask(_, let number) = term.step(now: instant(milliseconds), tick: 0) else { return nil }
        return number
    }

    @Test func `what nothing limits has no term`() {
        #expect(StreamTerm(StreamLease(), lastTick: nil, now: instant(0)) == nil)
    }

    @Test func `a credential's end is the stream's, to the millisecond`() throws {
        let term = try term(expiresAt: 5_000)
        #expect(end(term, at: 4_999) == nil)
        #expect(end(term, at: 5_000) == .authExpired)
        #expect(try self.term(expiresAt: 0).isOver(now: instant(0)))
    }

    @Test func `an age's end is counted in ticks, whatever the clock says`() throws {
        let term = try term(lastTick: 40)
        #expect(end(term, at: 1_000_000, tick: 39) == nil)
        #expect(end(term, at: 0, tick: 40) == .maxAge)
    }

    @Test func `the next look is at the first of what is due, within a turn of the wheel`() throws {
        #expect(try term(expiresAt: 5_000).nextLook(now: instant(0), tick: 10) == 30)
        #expect(try term(expiresAt: 5_001).nextLook(now: instant(0), tick: 10) == 31)
        #expect(try term(expiresAt: 5_000, lastTick: 12).nextLook(now: instant(0), tick: 10) == 12)
        let far = try term(expiresAt: 10_000_000_000_000).nextLook(now: instant(0), tick: 10)
        #expect(far == 10 + UInt32(HeartbeatWheel.turnTicks))
        let review = try #require(try term(reviewAt: 20_000).nextLook(now: instant(0), tick: 0))
        #expect((72...80).contains(review))
        // What is due already is looked at with the next tick; the wheel sees to it.
        #expect(try term(expiresAt: 5_000).nextLook(now: instant(6_000), tick: 10) == 10)
    }

    @Test func `somebody is asked once, up to a tenth early`() throws {
        for _ in 0..<100 {
            let term = try term(reviewAt: 60_000)
            #expect(number(term, at: 53_999) == nil)
            let asked = try #require(number(term, at: 60_000))
            #expect(number(term, at: 90_000) == nil)
            #expect(term.nextLook(now: instant(90_000), tick: 0) == nil)
            let next = StreamLease(review: review(at: 120_000))
            let outcome = term.answer(.granted(next, Self.channels), to: asked, now: instant(60_000))
            #expect(outcome == .goesOn(Self.channels))
            #expect(number(term, at: 113_999) == nil)
            #expect(number(term, at: 120_000) != nil)
        }
    }

    @Test func `who gives no time at all is asked once a second`() throws {
        let term = try term(reviewAt: 0)
        #expect(number(term, at: 999) == nil)
        #expect(number(term, at: 1_000) != nil)
    }

    @Test func `a no ends the stream`() throws {
        let term = try term(expiresAt: 90_000, reviewAt: 60_000)
        let asked = try #require(number(term, at: 60_000))
        #expect(term.answer(.revoked, to: asked, now: instant(60_000)) == .ends(.revoked))
    }

    @Test func `a new credential's end holds from now on`() throws {
        let term = try term(expiresAt: 5_000)
        term.renew(StreamRenewal(StreamLease(expiresAt: instant(9_000))), now: instant(1_000))
        #expect(end(term, at: 8_999) == nil && end(term, at: 9_000) == .authExpired)
        term.renew(StreamRenewal(StreamLease(expiresAt: instant(7_000))), now: instant(2_000))
        #expect(end(term, at: 7_000) == .authExpired)
        term.renew(StreamRenewal(StreamLease()), now: instant(3_000))
        #expect(end(term, at: 1_000_000) == nil && term.nextLook(now: instant(3_000), tick: 0) == nil)
    }

    @Test func `an age is no credential's: nothing renews it`() throws {
        let term = try term(expiresAt: 5_000, lastTick: 40)
        term.renew(StreamRenewal(StreamLease()), now: instant(0))
        #expect(end(term, at: 9_000, tick: 40) == .maxAge)
    }

    @Test func `an answer that was asked for before the renewal means nothing`() throws {
        let term = try term(reviewAt: 10_000)
        let asked = try #require(number(term, at: 10_000))
        term.renew(StreamRenewal(StreamLease(review: review(at: 60_000))), now: instant(10_000))
        #expect(term.answer(.revoked, to: asked, now: instant(10_100)) == .isOutdated)
        let again = try #require(number(term, at: 60_000))
        #expect(again != asked)
        #expect(term.answer(.revoked, to: asked, now: instant(60_000)) == .isOutdated)
        #expect(term.answer(.revoked, to: again, now: instant(60_000)) == .ends(.revoked))
        // And it is taken once.
        #expect(term.answer(.revoked, to: again + 1, now: instant(60_000)) == .isOutdated)
    }

    @Test func `a renewal from another node moves the review, and keeps its own end`() throws {
        let term = try term(expiresAt: 20_000, reviewAt: 10_000)
        var renewal = StreamRenewal(StreamLease(expiresAt: instant(100_000)))
        renewal.reviewAt = instant(30_000)
        term.renew(renewal, now: instant(0))
        #expect(number(term, at: 20_000) == nil)
        let asked = try #require(number(term, at: 30_000))
        // Whoever is asked still knows the first credential alone.
        let stale = StreamLease(expiresAt: instant(20_000), review: review(at: 60_000))
        #expect(term.answer(.granted(stale, Self.channels), to: asked, now: instant(30_000)) == .goesOn(Self.channels))
        #expect(end(term, at: 50_000) == nil)
        // It may say no because that one is over: the client is to come with its new one.
        let again = try #require(number(term, at: 60_000))
        #expect(term.answer(.revoked, to: again, now: instant(60_000)) == .ends(.authExpired))
    }

    @Test func `where nobody can be asked, a stream ends when somebody would have to be`() throws {
        let term = try term(expiresAt: 20_000)
        var renewal = StreamRenewal(StreamLease(expiresAt: instant(100_000)))
        renewal.reviewAt = instant(30_000)
        term.renew(renewal, now: instant(0))
        #expect(end(term, at: 29_999) == nil && end(term, at: 30_000) == .authExpired)
    }
}
