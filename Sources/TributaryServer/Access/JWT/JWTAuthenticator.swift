import TributaryCore
import TributaryProtocol

/// Believes JSON Web Tokens: whose signature holds, that are for this hub, and that have not ended. From any task; a request is
/// verified once, and a stream when it opens.
struct JWTAuthenticator: Authenticator {
    private let keys: JWTKeySource
    private let rules: TokenClaims.Rules
    private let cookie: String?
    private let catalog: Catalog
    private let now: @Sendable () -> Instant

    init(
        _ configuration: JWTConfiguration, keys: JWTKeySource, catalog: Catalog,
        now: @escaping @Sendable () -> Instant = { .now }
    ) {
        self.keys = keys
        rules = TokenClaims.Rules(audience: configuration.audience, issuer: configuration.issuer)
        cookie = configuration.cookie
        self.catalog = catalog
        self.now = now
    }

    func authenticate(_ credentials: Credentials) async throws(Problem) -> Identity? {
        guard let presented = try credentials.token(cookie: cookie) else { return nil }
        let token = try JSONWebToken(presented.text)
        // Nobody learns what the hub wants of claims who cannot sign them.
        guard try await keys.keyring(for: token.header).verifies(token) else {
            throw .invalidToken("The token is not signed with one of the hub's keys.")
        }
        let claims = try TokenClaims(try token.claims(), rules: rules, catalog: catalog, now: now())
        return Identity(
            kind: .user(claims.user), grants: claims.grants, isOperator: claims.isOperator, expiresAt: claims.expiresAt,
            credential: "jwt:\(claims.user)", isAmbient: presented.isAmbient
        )
    }
}
