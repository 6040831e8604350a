import NIOCore

/// What a question's task is to do next.
enum AuthorizationTurn: Sendable {
    case done(Result<ApplicationAnswer, ApplicationFailure>)
    /// Ask, then land the flight.
    case ask(Flight)
    /// Come to the desk once more: what was waited for came to nothing, or must not count any more.
    case again

    /// A question on its way.
    struct Flight: Sendable {
        let key: AuthorizationKey
        let askedAt: NIODeadline
        let pass: CircuitBreaker.Pass
        /// Of the desk's, when it began.
        let era: Int
    }
}
