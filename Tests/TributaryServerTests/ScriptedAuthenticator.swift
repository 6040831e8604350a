import HTTPTypes
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

/// Knows users by a cookie or a bearer token that is their name: `Cookie: ada`, `Authorization: Bearer ada`.
struct ScriptedAuthenticator: Authenticator {
    var grants: Grants

    func authenticate(_ credentials: Credentials) async throws(Problem) -> Identity? {
        guard let name = credentials.bearer.map(String.init) ?? credentials.fields[.cookie] else { return nil }
        let user = try Problem.rethrowing { () throws(InvalidName) in try UserID(name) }
        return Identity(
            kind: .user(user), grants: grants, credential: name, isAmbient: credentials.bearer == nil)
    }
}

extension Access {
    /// Nobody comes in without a credential; there are operators, and they alone look at figures.
    ///
    /// - Parameter grants: what each user has; everything if nothing is said.
    static func guarded(
        grants: Grants? = nil, adminToken: BearerToken? = nil, browsers: BrowserConfiguration = BrowserConfiguration()
    ) throws -> Access {
        let catalog = try Catalog.bundled()
        return Access(
            catalog: catalog, isOpen: false,
            authenticators: [ScriptedAuthenticator(grants: grants ?? .everything(catalog))], application: nil,
            adminToken: adminToken, publisherTokens: [], hasOperators: true, guardsInspection: true,
            browsers: BrowserPolicy(browsers)
        )
    }
}
