import Testing
import TributaryProtocol

@testable import TributaryServer

@Suite struct PublishRatesTests {
    private static let second: UInt64 = 1_000_000

    private func rates(user: Int = 0, address: Int = 0, project: Int = 0) -> PublishRates {
        var configuration = PublishingConfiguration()
        configuration.ratePerUser = user
        configuration.ratePerAddress = address
        configuration.ratePerProject = project
        return PublishRates(configuration)
    }

    @Test func `two seconds' worth may come at once, then the rate counts`() {
        var rates = rates(user: 5)
        for _ in 0..<10 { #expect(rates.take(user: "a", address: nil, now: 7) == nil) }
        #expect(rates.take(user: "a", address: nil, now: 7) == .init(limit: .user, retryMilliseconds: 200))
        // Another's is full.
        #expect(rates.take(user: "b", address: nil, now: 7) == nil)
        #expect((1...2).contains(rates.take(user: "a", address: nil, now: 7 + 199_000)?.retryMilliseconds ?? 0))
        #expect(rates.take(user: "a", address: nil, now: 7 + 200_000) == nil)
        #expect(rates.take(user: "a", address: nil, now: 7 + 200_000) != nil)
        for _ in 0..<10 { #expect(rates.take(user: "a", address: nil, now: 60 * Self.second) == nil) }
        #expect(rates.take(user: "a", address: nil, now: 60 * Self.second) != nil)
    }

    @Test func `one event a second is two at once`() {
        var rates = rates(user: 1)
        for _ in 0..<2 { #expect(rates.take(user: "a", address: nil, now: 0) == nil) }
        #expect(rates.take(user: "a", address: nil, now: 0) == .init(limit: .user, retryMilliseconds: 1_000))
    }

    @Test func `what one limit refuses costs nothing of the other, and the longer wait is told`() {
        var rates = rates(user: 1, address: 2)
        for user in ["a", "a", "b", "c"] { #expect(rates.take(user: user, address: "x", now: 0) == nil) }
        #expect(rates.take(user: "d", address: "x", now: 0) == .init(limit: .address, retryMilliseconds: 500))
        #expect(rates.take(user: "a", address: "x", now: 0) == .init(limit: .user, retryMilliseconds: 1_000))
        // d has both of its own still, elsewhere.
        for _ in 0..<2 { #expect(rates.take(user: "d", address: "y", now: 0) == nil) }
        #expect(rates.take(user: "d", address: "y", now: 0)?.limit == .user)
        #expect(rates.take(user: "e", address: "y", now: 0) == nil)
    }

    @Test func `0 is no limit, and neither is nobody`() {
        var none = rates()
        for _ in 0..<1_000 { #expect(none.take(user: "a", address: "x", now: 0) == nil) }
        var rates = rates(user: 1, address: 1)
        for _ in 0..<1_000 { #expect(rates.take(user: nil, address: nil, now: 0) == nil) }
    }

    @Test func `a project's events count whoever sends them`() throws {
        var rates = rates(user: 1, project: 2)
        let (one, other) = (try ProjectID("p1"), try ProjectID("p2"))
        for _ in 0..<4 { #expect(rates.take(project: one, now: 0) == nil) }
        #expect(rates.take(project: one, now: 0) == .init(limit: .project, retryMilliseconds: 500))
        #expect(rates.take(project: other, now: 0) == nil)
    }

    @Test func `a clock that stands still or goes back gives nothing away`() {
        var rates = rates(user: 1)
        for now in [100, 50] as [UInt64] { #expect(rates.take(user: "a", address: nil, now: now * Self.second) == nil) }
        #expect(rates.take(user: "a", address: nil, now: 0) != nil)
    }

    // MARK: Memory

    @Test func `buckets that are full again are forgotten`() {
        var buckets = TokenBuckets<Int>(perSecond: 10)
        for key in 0..<5_000 {
            let now = UInt64(key) * Self.second / 100
            #expect(buckets.wait(for: key, now: now) == 0)
            buckets.take(key, now: now)
        }
        // One token comes back within 100 ms: ten of them are in use at a time.
        #expect(buckets.count <= 1_100)
    }

    @Test func `there are no more buckets than the limit, and a flood of keys gets one for all`() {
        var buckets = TokenBuckets<Int>(perSecond: 1, limit: 100)
        var taken = 0
        for key in 0..<10_000 where buckets.wait(for: key, now: 5) == 0 {
            buckets.take(key, now: 5)
            taken += 1
        }
        #expect(buckets.count == 100 && taken == 102)
        // Who has a bucket keeps it.
        #expect(buckets.wait(for: 0, now: 5) == 0)
        // And when they are idle there is room for others.
        let later = 5 + 10 * Self.second
        buckets.take(20_000, now: later)
        #expect(buckets.count == 1)
    }
}
