import HTTPTypes
import TributaryCore
import TributaryProtocol

/// Somebody who is known, with a request.
struct Caller: Sendable {
    let access: Access
    let identity: Identity
    let credentials: Credentials

    /// The application is not asked about the hub's own operators and publishers.
    var mustAsk: Bool {
        switch identity.kind {
        case .anybody, .user, .session: true
        case .publisher, .operator: false
        }
    }

    /// Decides what it may have of `demand`.
    ///
    /// - Throws: as ``Access/decide(_:for:)``.
    func permit(_ demand: Demand) async throws(Problem) -> Permit { try await access.decide(demand, for: self) }

    /// - Throws: `forbidden` for everybody but operators.
    func permitOperator() throws(Problem) -> Permit { try access.decideOperator(self) }

    /// - Throws: `publish_forbidden` for those who may publish nothing.
    func permitPublishing() throws(Problem) -> Permit { try access.decidePublishing(self) }

    /// Who acts, given the user that the request names.
    ///
    /// - Throws: `invalid_user_id`; `user_mismatch` for a user that names another one.
    func user(named name: String?) throws(Problem) -> (UserID, isAnonymous: Bool) {
        if case .user(let user) = identity.kind {
            guard name == nil || name == user.rawValue else { throw .userMismatch }
            return (user, false)
        }
        let peer = credentials.peer
        let user = try Problem.rethrowing { () throws(InvalidName) in try UserID(name ?? peer) }
        return (user, name == nil)
    }

    /// Who acts, for those whom only the application knows; `nil` for all others.
    ///
    /// - Throws: `unauthorized` if it did not say; `user_mismatch`.
    func user(_ verdict: ApplicationVerdict, named name: String?) throws(Problem) -> (UserID, isAnonymous: Bool)? {
        guard case .session = identity.kind else { return nil }
        guard let user = verdict.user else { throw .unauthorized(false) }
        guard name == nil || name == user.rawValue else { throw .userMismatch }
        return (user, false)
    }

    /// What it is told where only operators may come.
    var refusedOperator: Problem {
        if case .anybody = identity.kind { return .unauthorized(true) }
        return .operatorsOnly
    }
}
