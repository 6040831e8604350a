import TributaryCore
import TributaryProtocol

/// What a token whose signature holds says of its user, once it is for this hub and for now.
struct TokenClaims: Sendable, Equatable {
    /// Which tokens are for this hub.
    struct Rules: Sendable {
        var audience: String?
        var issuer: String?
    }

    let user: UserID
    let expiresAt: Instant
    let grants: Grants
    let isOperator: Bool

    /// 5 s: how far the issuer's clock may go ahead of the hub's. What has expired has expired, by the hub's clock.
    static let clockLeeway: UInt64 = 5_000

    /// - Throws: `token_expired`; `invalid_token` for everything else, with the claim's name and never with its value.
    init(_ claims: [String: JSONValue], rules: Rules, catalog: Catalog, now: Instant) throws(Problem) {
        let claims = ClaimReader(claims)
        guard let expiresAt = try claims.instant("exp") else {
            throw .invalidToken("The token has no exp claim: every token must end.")
        }
        guard now.milliseconds < expiresAt.milliseconds else { throw .tokenExpired }
        let latest = now.milliseconds + Self.clockLeeway
        if let notBefore = try claims.instant("nbf"), notBefore.milliseconds > latest {
            throw .invalidToken("The token does not hold yet (nbf).")
        }
        if let issuedAt = try claims.instant("iat"), issuedAt.milliseconds > latest {
            throw .invalidToken("The token was issued in the future (iat): one of the clocks is wrong.")
        }
        try Self.check(claims, rules)
        guard let subject = try claims.text("sub") else { throw .invalidToken("The token has no sub claim, its user.") }
        guard let user = try? UserID(subject) else {
            throw .invalidToken("The token's sub is no user: 1 to 256 bytes of printable UTF-8.")
        }
        let own = try claims.object("tributary") ?? ClaimReader([:], path: "tributary")
        self.user = user
        self.expiresAt = expiresAt
        grants = try Grants(own, catalog: catalog)
        isOperator = try own.flag("admin") ?? false
    }

    private static func check(_ claims: ClaimReader, _ rules: Rules) throws(Problem) {
        if let issuer = rules.issuer {
            guard try claims.text("iss") == issuer else { throw .invalidToken("The token is another issuer's (iss).") }
        }
        let audiences = try claims.textOrTexts("aud")
        switch (rules.audience, audiences) {
        case (nil, nil): break
        case (let name?, let audiences?) where audiences.contains(name): break
        case (nil, .some):
            throw .invalidToken("The token is for an audience (aud), and the hub has no name (--jwt-audience).")
        case (.some, nil): throw .invalidToken("The token names no audience (aud).")
        case (.some, .some): throw .invalidToken("The token is for another audience (aud).")
        }
    }
}

extension Grants {
    /// What the claim `tributary` grants.
    fileprivate init(_ claim: ClaimReader, catalog: Catalog) throws(Problem) {
        self.init(
            projects: try claim.names("projects").map { names throws(Problem) in try Projects(names) } ?? .unstated,
            channels: try claim.names("channels").map { catalog.known($0) } ?? .all(of: catalog.channels.count),
            publishing: try claim.object("publish").map { publish throws(Problem) in
                try Publishing(publish, catalog: catalog)
            }
        )
    }
}

extension Grants.Projects {
    fileprivate init(_ names: ClaimReader.Names) throws(Problem) {
        switch names {
        case .all: self = .all
        case .named(let names):
            self = .some(
                Set(
                    try names.map { name throws(Problem) in
                        guard let project = try? ProjectID(name) else {
                            throw .invalidToken("The token's tributary.projects holds a name that is no project's.")
                        }
                        return project
                    }
                )
            )
        }
    }
}

extension Grants.Publishing {
    /// Channels have to be named: an empty claim is a slip, and must not allow everything. Events may be left out.
    fileprivate init(_ claim: ClaimReader, catalog: Catalog) throws(Problem) {
        guard let channels = try claim.names("channels") else {
            throw .invalidToken("The token's tributary.publish has no channels; \"*\" is all of them.")
        }
        self.init(channels: catalog.known(channels))
        if case .named(let names)? = try claim.names("events") { events = names }
    }
}

extension Catalog {
    /// Channels by their names or aliases. Unknown ones are passed over: a token may be for hubs with other catalogs too.
    fileprivate func known(_ names: ClaimReader.Names) -> ChannelSet {
        switch names {
        case .all: .all(of: channels.count)
        case .named(let names):
            names.compactMap { index(of: $0) }.reduce(into: ChannelSet()) { $0.insert(ChannelSet(index: $1)) }
        }
    }
}
