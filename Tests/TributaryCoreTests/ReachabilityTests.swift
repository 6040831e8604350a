import NIOCore
import Testing

@testable import TributaryCore

@Suite struct ReachabilityTests {
    private let start = NIODeadline.uptimeNanoseconds(5)

    @Test func `beats alone tell whether the nodes can hear of each other`() {
        var reachability = Reachability()
        #expect(reachability.callFailed(now: start) == nil)
        #expect(!reachability.isReachable)
        #expect(reachability.beatSucceeded() == .found)
        #expect(reachability.beatSucceeded() == .nothing)
        _ = reachability.callFailed(now: start)
        #expect(reachability.isReachable)
        #expect(reachability.beatFailed() == .lost)
        #expect(reachability.beatFailed() == .nothing)
        #expect(reachability.beatSucceeded() == .foundAgain)
    }

    @Test func `what is not heard is said again with more and more time in between`() {
        var reachability = Reachability()
        _ = reachability.beatSucceeded()
        var pauses: [Int?] = []
        var now = start
        for _ in 0..<9 {
            pauses.append(reachability.callFailed(now: now))
            // Others fail as well until then, and beats are heard.
            #expect(reachability.callFailed(now: now) == nil)
            now = now + .milliseconds(Int64((pauses.last ?? 0) ?? 0))
            #expect(reachability.repeatIsDue() == true)
            _ = reachability.beatSucceeded()
        }
        #expect(pauses == [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000])
        // Everything was heard for a while.
        #expect(reachability.callFailed(now: now + .seconds(30)) == 250)
    }

    @Test func `nothing is said again while nobody hears it`() {
        var reachability = Reachability()
        _ = reachability.beatSucceeded()
        #expect(reachability.callFailed(now: start) == 250)
        _ = reachability.beatFailed()
        #expect(reachability.repeatIsDue() == false)
        #expect(reachability.callFailed(now: start) == nil)
    }

    @Test func `each kind of failure is logged once a second at most`() {
        var reachability = Reachability()
        #expect(reachability.shouldLog("failed", now: start) == true)
        #expect(reachability.shouldLog("refused", now: start) == true)
        #expect(reachability.shouldLog("failed", now: start + .milliseconds(999)) == false)
        #expect(reachability.shouldLog("failed", now: start + .seconds(1)) == true)
    }
}
