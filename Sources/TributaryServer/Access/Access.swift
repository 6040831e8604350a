import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryProtocol

/// Judges who may ask the API for what. The one place where credentials are looked at.
struct Access: Sendable {
    /// `nil` while no operator was named: then what operators ask is not there at all.
    let adminToken: AdminToken?

    /// Whether the request shows the operator's token.
    func isOperator(_ request: Request) -> Bool {
        guard let adminToken, let field = request.headers[.authorization] else { return false }
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        // The scheme's name is not case-sensitive: https://www.rfc-editor.org/rfc/rfc9110#section-11.1
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        return adminToken.matches(parts[1].drop { $0 == " " })
    }

    /// - Throws: `unauthorized` for everybody but the operator.
    func requireOperator(_ request: Request) throws(Problem) {
        guard isOperator(request) else { throw .unauthorized }
    }

    /// Who sends a request.
    ///
    /// - Throws: `invalid_user_id`.
    func requester(named name: String?, _ context: APIContext) throws(Problem) -> Requester {
        try Requester(user: name, peer: context.peer)
    }
}

extension Problem {
    fileprivate static var unauthorized: Problem {
        var problem = Problem(
            .unauthorized, "unauthorized", "Send the operator's token: \"Authorization: Bearer …\" (--admin-token)."
        )
        problem.fields[.wwwAuthenticate] = "Bearer"
        return problem
    }
}
