import NIOCore
import TributaryProtocol

/// Decides what becomes of each question: it is known, somebody asks it just now, it is to be asked, or the application is left in
/// peace. One flight for each key, so that a thousand streams of one user that come back together ask once. Decides only.
struct AuthorizationDesk<Waiter: Sendable>: Sendable {
    /// What becomes of a flight: for who asked and all that waited.
    struct Landing {
        var turn: AuthorizationTurn
        var waiters: [Waiter]
        var change: CircuitBreaker.Change?
    }

    private var cache: AuthorizationCache
    private var breaker = CircuitBreaker()
    private var flights: [AuthorizationKey: [Waiter]] = [:]
    /// Counts what was forgotten on request: what was asked before is old.
    private var era = 0

    init(cache: AuthorizationCache = AuthorizationCache()) {
        self.cache = cache
    }

    /// A question comes to the desk.
    ///
    /// - Parameter moment: only an answer to what was asked after it counts, or one that is on its way.
    /// - Returns: `nil` if it waits for a flight of another.
    mutating func come(
        _ waiter: Waiter, _ key: AuthorizationKey, askedAfter moment: NIODeadline? = nil, now: NIODeadline
    ) -> AuthorizationTurn? {
        if let answer = cache.answer(to: key, askedAfter: moment, now: now) { return .done(.success(answer)) }
        if flights[key] != nil {
            flights[key]?.append(waiter)
            return nil
        }
        switch breaker.admit(now: now) {
        case .wait(let milliseconds): return .done(.failure(.paused(milliseconds: milliseconds)))
        case .go(let pass):
            flights[key] = []
            return .ask(AuthorizationTurn.Flight(key: key, askedAt: now, pass: pass, era: era))
        }
    }

    mutating func land(
        _ flight: AuthorizationTurn.Flight, _ result: Result<ApplicationAnswer, ApplicationFailure>, now: NIODeadline
    ) -> Landing {
        var landing = Landing(turn: .done(result), waiters: flights.removeValue(forKey: flight.key) ?? [])
        switch result {
        case .success(let answer):
            landing.change = breaker.succeeded()
            if flight.era == era {
                cache.keep(answer, for: flight.key, askedAt: flight.askedAt, now: now)
            } else {
                landing.turn = .again
            }
        case .failure(.abandoned):
            breaker.gaveUp(flight.pass, now: now)
            landing.turn = .again
        case .failure(let failure) where failure.isOutage:
            landing.change = breaker.failed(flight.pass, now: now)
        case .failure:
            // It answers, if not as agreed.
            landing.change = breaker.succeeded()
        }
        return landing
    }

    /// Forgets what was said of a user; what is on its way will be asked again.
    mutating func forget(_ user: UserID, in project: ProjectID?) {
        cache.forget(user, in: project)
        era += 1
    }
}
