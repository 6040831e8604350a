import NIOCore
import Testing

@testable import TributaryServer

@Suite struct CircuitBreakerTests {
    private var breaker = CircuitBreaker()

    private mutating func pass(at seconds: Double) throws -> CircuitBreaker.Pass {
        guard case .go(let pass) = breaker.admit(now: .seconds(seconds)) else { throw Problem.internalError }
        return pass
    }

    /// Fails until it opens.
    private mutating func open(at seconds: Double) throws {
        for count in 1...CircuitBreaker.threshold {
            let change = breaker.failed(try pass(at: seconds), now: .seconds(seconds))
            #expect(change == (count == CircuitBreaker.threshold ? .opened : nil))
        }
    }

    @Test mutating func `five failures in a row open it for a second`() throws {
        try open(at: 0)
        #expect(breaker.admit(now: .seconds(0)) == .wait(milliseconds: 1_000))
        #expect(breaker.admit(now: .seconds(0.75)) == .wait(milliseconds: 250))
        _ = try pass(at: 1)
    }

    @Test mutating func `a success in between begins the count anew`() throws {
        for _ in 0..<20 {
            for _ in 1..<CircuitBreaker.threshold {
                #expect(breaker.failed(try pass(at: 0), now: .seconds(0)) == nil)
            }
            #expect(breaker.succeeded() == nil)
        }
    }

    @Test mutating func `one at a time finds out whether it is back`() throws {
        try open(at: 0)
        _ = try pass(at: 1)
        for moment in [1.0, 1.5, 60] { #expect(breaker.admit(now: .seconds(moment)) == .wait(milliseconds: 1_000)) }
        #expect(breaker.succeeded() == .closed)
        for _ in 0..<10 { _ = try pass(at: 60) }
    }

    @Test mutating func `each failed probe doubles the pause, up to ten seconds`() throws {
        try open(at: 0)
        var now = 1.0
        for pause in [2.0, 4, 8, 10, 10, 10] {
            #expect(breaker.failed(try pass(at: now), now: .seconds(now)) == nil)
            #expect(breaker.admit(now: .seconds(now)) == .wait(milliseconds: Int(pause * 1_000)))
            now += pause
        }
        _ = try pass(at: now)
        #expect(breaker.succeeded() == .closed)
        try open(at: now)
        #expect(breaker.admit(now: .seconds(now)) == .wait(milliseconds: 1_000))
    }

    @Test mutating func `what began before it opened changes nothing by failing, and closes it by succeeding`() throws {
        let early = try pass(at: 0)
        try open(at: 0)
        #expect(breaker.failed(early, now: .seconds(0.5)) == nil)
        #expect(breaker.admit(now: .seconds(0.5)) == .wait(milliseconds: 500))
        let probe = try pass(at: 1)
        #expect(breaker.failed(early, now: .seconds(1)) == nil)
        #expect(breaker.succeeded() == .closed)
        #expect(breaker.failed(probe, now: .seconds(1)) == nil)
        _ = try pass(at: 1)
    }

    @Test mutating func `a probe that nobody waits for leaves its turn to the next`() throws {
        try open(at: 0)
        breaker.gaveUp(try pass(at: 1), now: .seconds(1))
        #expect(breaker.failed(try pass(at: 1), now: .seconds(1)) == nil)
        #expect(breaker.admit(now: .seconds(1)) == .wait(milliseconds: 2_000))
    }
}
