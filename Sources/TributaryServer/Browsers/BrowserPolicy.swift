import HTTPTypes

/// What browsers are told with every answer, and which of their requests are meant by whom they seem to come from.
struct BrowserPolicy: Sendable {
    /// Where a request came from, as far as it tells.
    enum Provenance: Equatable {
        /// From a page of the hub's own origin or of one that is allowed, or from the person at the browser.
        case known
        /// From a page of another site.
        case foreign
        /// It doesn't say: no browser, or one that need not say, as with a `GET` to a page's own origin.
        case untold
    }

    /// As browsers write them.
    private let origins: Set<String>
    /// What every answer has, whoever asks.
    private let standard: HTTPFields
    /// The same for pages of an allowed origin.
    private let shared: HTTPFields

    init(_ configuration: BrowserConfiguration = BrowserConfiguration()) {
        origins = Set(configuration.origins.map(\.description))
        var fields = Self.security
        // An answer to one origin must not be kept for another, nor one without an origin for any.
        if !origins.isEmpty { fields[.vary] = "Origin" }
        standard = fields
        fields[.crossOriginResourcePolicy] = "cross-origin"
        fields[.accessControlAllowCredentials] = "true"
        fields[.accessControlExposeHeaders] = Self.exposed
        shared = fields
    }

    /// The header fields to add to an answer, be it a stream, a result or a problem.
    ///
    /// - Parameters:
    ///   - origin: the request's `Origin`, if it has one and no more. Never repeated unless it is on the list.
    ///   - isSecure: the connection is TLS, which the hub itself ends.
    func fields(for origin: String?, isSecure: Bool) -> HTTPFields {
        var fields = standard
        if let origin, allows(origin) {
            fields = shared
            fields[.accessControlAllowOrigin] = origin
        }
        if isSecure { fields[.strictTransportSecurity] = Self.transportSecurity }
        return fields
    }

    /// The operator has it on the list.
    func allows(_ origin: String?) -> Bool { origin.map(origins.contains) == true }

    /// Where a request came from. An allowed origin is known whatever the rest says; else the browser's own word
    /// counts, which no page can write (`Sec-` names are forbidden to them) and which holds behind a proxy that changes
    /// `Host` as well; browsers give it over HTTPS and on localhost only, so `Origin` and `Host` decide where it is
    /// missing.
    ///
    /// Source: https://www.w3.org/TR/fetch-metadata/, https://words.filippo.io/csrf/
    func provenance(of credentials: Credentials) -> Provenance {
        let origin = credentials.fields[.origin]
        if let origin, origins.contains(origin) { return .known }
        if let site = credentials.fields[.secFetchSite] {
            return site == "same-origin" || site == "none" ? .known : .foreign
        }
        guard let origin else { return .untold }
        guard let authority = credentials.authority, let origin = try? WebOrigin(origin),
            origin.isServed(at: authority, isSecure: credentials.isSecure)
        else { return .foreign }
        return .known
    }

    /// Refuses what another site's page may have caused with a credential that isn't its own.
    ///
    /// - Throws: `origin_not_allowed`.
    func check(_ identity: Identity, _ credentials: Credentials) throws(Problem) {
        let isReading = credentials.method == .get || credentials.method == .head
        let isMeant =
            switch (provenance(of: credentials), identity.kind) {
            case (.known, _): true
            case (.untold, _) where !identity.isAmbient: true
            case (.untold, _): isReading
            // Nobody is asked for a credential: to reach the port is one, and any page that is open on the machine
            // does. It can read no answer, but it must not publish either.
            case (.foreign, .anybody): isReading
            case (.foreign, _): !identity.isAmbient
            }
        guard isMeant else { throw .originNotAllowed }
    }

    /// The answer to `OPTIONS`: which methods there are, and for a page of an allowed origin, that and how it may use
    /// them. Needs no credential, for browsers send none.
    ///
    /// - Throws: `origin_not_allowed` for a preflight of another page, so that its developer reads why.
    func preflight(_ credentials: Credentials, allowing methods: String) throws(Problem) -> HTTPFields {
        var fields: HTTPFields = [.allow: methods]
        guard let origin = credentials.fields[.origin],
            credentials.fields.contains(.accessControlRequestMethod)
        else { return fields }
        guard provenance(of: credentials) == .known else { throw .originNotAllowed }
        guard origins.contains(origin) else { return fields }
        fields[.accessControlAllowMethods] = methods
        fields[.accessControlAllowHeaders] = Self.allowed
        fields[.accessControlMaxAge] = Self.preflightSeconds
        return fields
    }

    /// For answers that are data: nothing guesses their type, embeds them, or takes the token in a query along to
    /// another site.
    private static let security: HTTPFields = [
        .xContentTypeOptions: "nosniff",
        .referrerPolicy: "no-referrer",
        .crossOriginResourcePolicy: "same-origin",
        .contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
    ]

    /// A year, as browsers and their preload lists want it at least; for this host alone.
    private static let transportSecurity = "max-age=31536000"

    /// What a page may read beside the few fields that it always may.
    private static let exposed = "Date, Retry-After, X-SSE-Connection-Limit, X-SSE-Current-Connections"

    /// What the clients send beside the few fields that they always may; clients over `fetch` do as `EventSource` does
    /// with the third and fourth, and what traces them adds the last.
    private static let allowed = "Authorization, Content-Type, Last-Event-ID, Cache-Control, traceparent"

    /// 600 s: one preflight for a page's whole visit, mostly, and an origin that is taken off the list is soon refused.
    private static let preflightSeconds = "600"
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = known("Referrer-Policy")
    fileprivate static let secFetchSite = known("Sec-Fetch-Site")

    /// - Parameter name: a token, as the grammar of field names wants it.
    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field's name") }
        return name
    }
}
