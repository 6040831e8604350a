import Testing
import TributaryTesting

@testable import TributaryRedis

@Suite struct ReconnectTests {
    @Test func `the backoff's delays grow within its bounds`() {
        for seed in 0..<200 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var backoff = ReconnectBackoff()
            for failure in 0..<100 {
                let ceiling = min(10_000, 200 << min(failure, 16))
                let delay = backoff.next(using: &generator)
                #expect(delay >= ceiling / 2 && delay <= ceiling)
                #expect(delay >= ReconnectBackoff.minimumMilliseconds && delay <= ReconnectBackoff.maximumMilliseconds)
            }
        }
    }

    @Test func `the backoff's delays differ`() {
        var generator = SeededGenerator(seed: 1)
        let delays = (0..<20).map { _ in
            var backoff = ReconnectBackoff()
            return backoff.next(using: &generator)
        }
        #expect(Set(delays).count > 5)
    }

    @Test func `only a connection that lived resets the backoff`() {
        var generator = SeededGenerator(seed: 1)
        var backoff = ReconnectBackoff()
        for _ in 0..<5 { _ = backoff.next(using: &generator) }
        backoff.connectionLived(milliseconds: 9_999)
        #expect(backoff.failures == 5)
        backoff.connectionLived(milliseconds: 10_000)
        #expect(backoff.failures == 0)
    }

    @Test func `commands are opened first, then the subscriber`() {
        var link = RelayLink()
        #expect(link.start() == .open(.commands))
        #expect(link.start() == .nothing)
        #expect(link.opened(.commands, now: 0) == .open(.subscriber))
        #expect(!link.isReady)
        #expect(link.opened(.subscriber, now: 0) == .ready)
        #expect(link.isReady)
    }

    @Test func `one attempt per delay while Redis is down`() {
        var link = RelayLink(generator: SeededGenerator(seed: 1))
        var attempts = 0
        var action = link.start()
        for _ in 0..<10 {
            #expect(action == .open(.commands))
            attempts += 1
            guard case .wait(let milliseconds) = link.lost(.commands, now: 0) else {
                Issue.record("no delay")
                return
            }
            #expect((100...10_000).contains(milliseconds))
            action = link.retry()
        }
        #expect(attempts == 10)
    }

    @Test func `a lost command connection leaves the subscriber alone`() {
        var link = ready(at: 0)
        guard case .wait = link.lost(.commands, now: 20_000) else {
            Issue.record("no delay")
            return
        }
        #expect(link.isSubscriberUp)
        #expect(link.retry() == .open(.commands))
        #expect(link.opened(.commands, now: 20_100) == .ready)
    }

    @Test func `both lost together wait once`() {
        var link = ready(at: 0)
        guard case .wait = link.lost(.subscriber, now: 20_000) else {
            Issue.record("no delay")
            return
        }
        #expect(link.lost(.commands, now: 20_000) == .nothing)
        #expect(link.retry() == .open(.commands))
        #expect(link.opened(.commands, now: 20_100) == .open(.subscriber))
        #expect(link.opened(.subscriber, now: 20_100) == .ready)
    }

    @Test func `a command connection lost while the subscriber opens waits before it is opened again`() {
        var link = RelayLink()
        _ = link.start()
        _ = link.opened(.commands, now: 0)
        #expect(link.lost(.commands, now: 0) == .nothing)
        guard case .wait = link.opened(.subscriber, now: 0) else {
            Issue.record("no delay")
            return
        }
        #expect(link.retry() == .open(.commands))
    }

    @Test func `a connection that is dropped at once keeps the backoff growing`() {
        var link = RelayLink(generator: SeededGenerator(seed: 1))
        var now = 0
        var last = 0
        var action = link.start()
        for _ in 0..<12 {
            #expect(action == .open(.commands))
            _ = link.opened(.commands, now: now)
            #expect(link.opened(.subscriber, now: now) == .ready)
            now += 50
            guard case .wait(let milliseconds) = link.lost(.subscriber, now: now) else {
                Issue.record("no delay")
                return
            }
            _ = link.lost(.commands, now: now)
            last = milliseconds
            now += milliseconds
            action = link.retry()
        }
        #expect(last >= 5_000)
    }

    @Test func `a stopped link does nothing`() {
        var link = ready(at: 0)
        link.stop()
        #expect(link.lost(.commands, now: 1) == .nothing)
        #expect(link.lost(.subscriber, now: 1) == .nothing)
        #expect(link.retry() == .nothing)
    }

    @Test func `a failure is logged at once, the same one again after half a minute`() {
        var log = FailureLog()
        #expect(log.shouldLog("refused", now: 0) == true)
        #expect(log.shouldLog("refused", now: 29_999) == false)
        #expect(log.shouldLog("timed out", now: 29_999) == true)
        #expect(log.shouldLog("refused", now: 29_999) == false)
        #expect(log.shouldLog("timed out", now: 60_000) == true)
        log.reset()
        #expect((0..<20).count { log.shouldLog("always another \($0)", now: 60_001) } == 8)
    }

    @Test func `a probe knows its own newest token`() {
        var probe = RelayProbe(instance: 0xAB)
        var other = RelayProbe(instance: 0xCD)
        let first = probe.begin()
        let second = probe.begin()
        #expect(!Self.receive(first, &probe))
        #expect(!Self.receive(other.begin(), &probe))
        #expect(Self.receive(second, &probe))
        #expect(!Self.receive(second, &probe))
    }

    private static func receive(_ token: String, _ probe: inout RelayProbe) -> Bool {
        Array(token.utf8).withUnsafeBytes { probe.received($0) }
    }

    private func ready(at now: Int) -> RelayLink {
        var link = RelayLink()
        _ = link.start()
        _ = link.opened(.commands, now: now)
        _ = link.opened(.subscriber, now: now)
        return link
    }
}
