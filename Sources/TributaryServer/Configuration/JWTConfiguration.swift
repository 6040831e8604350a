/// Which JSON Web Tokens hold: what they are signed with, and for whom they have to be.
public struct JWTConfiguration: Sendable, Equatable {
    /// What tokens are signed with by those who share it with the hub; several while one takes another's place.
    public var secrets: [JWTSecret] = []
    /// Public keys, and secrets that have a name.
    public var keys: [JWTKey] = []
    /// Where the issuer publishes its keys; they are fetched with the first token.
    public var keySet: JWKSLocation?
    /// Whom a token must be for (`aud`). `nil` takes only tokens that name nobody: whoever does not know its own name cannot
    /// tell whether it is meant (RFC 7519, section 4.1.3).
    public var audience: String?
    /// Who must have issued it (`iss`); `nil` is anybody who has a key.
    public var issuer: String?
    /// The cookie that may carry a token; `nil` is none.
    public var cookie: String?

    public init() {}

    /// Whether any token could hold.
    public var hasKeys: Bool { !secrets.isEmpty || !keys.isEmpty || keySet != nil }

    /// All that the hub has without asking anybody.
    var ownKeys: [JWTKey] { secrets.map { JWTKey(secret: $0) } + keys }
}
