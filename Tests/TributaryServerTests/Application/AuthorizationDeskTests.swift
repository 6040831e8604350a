import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryServer

@Suite struct AuthorizationDeskTests {
    private var desk = AuthorizationDesk<Int>()

    private mutating func flight(_ user: String, at seconds: Double = 0) throws -> AuthorizationTurn.Flight {
        guard case .ask(let flight) = desk.come(0, try ApplicationFixtures.key(user), now: .seconds(seconds)) else {
            throw Problem.internalError
        }
        return flight
    }

    private mutating func come(_ user: String, as waiter: Int = 0, at seconds: Double = 0) throws -> String {
        switch desk.come(waiter, try ApplicationFixtures.key(user), now: .seconds(seconds)) {
        case nil: "waits"
        case .again: "again"
        case .ask: "asks"
        case .done(.success): "knows"
        case .done(.failure(.paused)): "paused"
        case .done(.failure): "failed"
        }
    }

    private var yes: Result<ApplicationAnswer, ApplicationFailure> {
        get throws { .success(.allowed(try ApplicationFixtures.verdict(askedAt: .seconds(0)))) }
    }

    @Test mutating func `a thousand that come together ask once`() throws {
        let flight = try flight("ada")
        for waiter in 1..<1_000 { #expect(try come("ada", as: waiter) == "waits") }
        #expect(try come("bob") == "asks")
        let landing = desk.land(flight, try yes, now: .seconds(0))
        #expect(landing.waiters == Array(1..<1_000))
        #expect(try come("ada", at: 59) == "knows")
        #expect(try come("ada", at: 60) == "asks")
    }

    @Test mutating func `a failure is told to all that waited, and not kept`() throws {
        let flight = try flight("ada")
        #expect(try come("ada", as: 1) == "waits")
        let landing = desk.land(flight, .failure(.timedOut), now: .seconds(2))
        guard case .done(.failure(.timedOut)) = landing.turn else { return #expect(Bool(false), "\(landing)") }
        #expect(landing.waiters == [1])
        #expect(try come("ada", at: 2) == "asks")
    }

    @Test mutating func `where who asked went away, one of those that waited asks`() throws {
        let flight = try flight("ada")
        #expect(try come("ada", as: 1) == "waits")
        guard case .again = desk.land(flight, .failure(.abandoned), now: .seconds(0)).turn else {
            return #expect(Bool(false))
        }
        #expect(try come("ada", as: 1) == "asks")
    }

    @Test mutating func `an application that is away is left in peace, and what it said before still holds`() throws {
        _ = desk.land(try flight("ada"), try yes, now: .seconds(0))
        for failure in [ApplicationFailure.timedOut, .unreachable("refused"), .overloaded(status: 503), .timedOut] {
            #expect(desk.land(try flight("bob"), .failure(failure), now: .seconds(0)).change == nil)
        }
        #expect(desk.land(try flight("bob"), .failure(.timedOut), now: .seconds(0)).change == .opened)
        #expect(try come("bob") == "paused")
        #expect(try come("ada") == "knows")
        #expect(try come("bob", at: 1) == "asks")
        #expect(try come("carl", at: 1) == "paused")
    }

    @Test mutating func `one that answers nonsense is not away`() throws {
        for _ in 0..<20 {
            #expect(desk.land(try flight("ada"), .failure(.misunderstood("?")), now: .seconds(0)).change == nil)
            #expect(desk.land(try flight("ada"), .failure(.abandoned), now: .seconds(0)).change == nil)
        }
        #expect(try come("ada") == "asks")
    }

    @Test mutating func `what was asked before a user was sent away does not count any more`() throws {
        let early = try flight("ada")
        #expect(try come("ada", as: 1) == "waits")
        desk.forget(try UserID("ada"), in: nil)
        let landing = desk.land(early, try yes, now: .seconds(0))
        guard case .again = landing.turn else { return #expect(Bool(false)) }
        #expect(landing.waiters == [1])
        _ = desk.land(try flight("ada"), try yes, now: .seconds(0))
        #expect(try come("ada") == "knows")
        desk.forget(try UserID("ada"), in: nil)
        #expect(try come("ada") == "asks")
    }

    @Test mutating func `a review takes what is on its way, or asks`() throws {
        let key = try ApplicationFixtures.key("ada")
        _ = desk.land(try flight("ada"), try yes, now: .seconds(0))
        guard case .ask(let flight) = desk.come(1, key, askedAfter: .seconds(0), now: .seconds(50)) else {
            return #expect(Bool(false))
        }
        #expect(desk.come(2, key, askedAfter: .seconds(0), now: .seconds(51)) == nil)
        _ = desk.land(flight, try yes, now: .seconds(52))
        guard case .done(.success) = desk.come(3, key, askedAfter: .seconds(0), now: .seconds(53)) else {
            return #expect(Bool(false))
        }
    }
}
