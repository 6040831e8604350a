import HTTPTypes
import Testing
import TributaryProtocol

@testable import TributaryServer

@Suite struct BrowserPolicyTests {
    private static let app = "https://app.example"

    private func policy() throws -> BrowserPolicy {
        var configuration = BrowserConfiguration()
        configuration.origins = [try WebOrigin(Self.app)]
        return BrowserPolicy(configuration)
    }

    private func credentials(
        _ method: HTTPRequest.Method = .post, origin: String? = nil, site: String? = nil, host: String? = "hub.example",
        isSecure: Bool = false
    ) throws -> Credentials {
        var fields = HTTPFields()
        fields[.origin] = origin
        if let site { fields[try #require(HTTPField.Name("Sec-Fetch-Site"))] = site }
        return Credentials(
            method: method, target: "/publish", fields: fields, peer: "192.0.2.7", isSecure: isSecure, authority: host)
    }

    private func identity(_ kind: Identity.Kind, isAmbient: Bool = false) throws -> Identity {
        Identity(kind: kind, grants: .everything(try .bundled()), credential: "test", isAmbient: isAmbient)
    }

    // MARK: What browsers are told

    @Test func `an origin on the list is told that it may read, and nobody else is`() throws {
        let policy = try policy()
        let shared = policy.fields(for: Self.app, isSecure: false)
        #expect(shared[.accessControlAllowOrigin] == Self.app && shared[.accessControlAllowCredentials] == "true")
        #expect(shared[.accessControlExposeHeaders]?.contains("Retry-After") == true && shared[.vary] == "Origin")
        #expect(shared[.crossOriginResourcePolicy] == "cross-origin")
        for other in [
            nil, "", "null", "*", "https://app.example.evil.example", "https://app.example:8443", "http://app.example",
            "https://app.example/", "HTTPS://APP.EXAMPLE", "https://app.example, https://evil.example",
        ] {
            let fields = policy.fields(for: other, isSecure: false)
            #expect(fields[.accessControlAllowOrigin] == nil && fields[.accessControlAllowCredentials] == nil)
            #expect(fields[.vary] == "Origin" && fields[.crossOriginResourcePolicy] == "same-origin")
        }
    }

    @Test func `without a list there is no CORS, and security all the same`() {
        let fields = BrowserPolicy().fields(for: Self.app, isSecure: false)
        #expect(fields[.accessControlAllowOrigin] == nil && fields[.vary] == nil)
        #expect(fields[.xContentTypeOptions] == "nosniff" && fields[.strictTransportSecurity] == nil)
        #expect(fields[.contentSecurityPolicy] == "default-src 'none'; frame-ancestors 'none'")
    }

    @Test func `over TLS alone, browsers are told to come back over TLS`() throws {
        for policy in [BrowserPolicy(), try policy()] {
            for origin in [nil, Self.app] {
                #expect(policy.fields(for: origin, isSecure: true)[.strictTransportSecurity] == "max-age=31536000")
            }
        }
    }

    // MARK: Where a request came from

    @Test func `a request comes from where its browser says`() throws {
        let policy = try policy()
        let cases: [(String?, String?, BrowserPolicy.Provenance)] = [
            (nil, nil, .untold), (Self.app, nil, .known), (Self.app, "cross-site", .known),
            ("http://hub.example", nil, .known), ("https://hub.example", nil, .known),
            ("https://evil.example", nil, .foreign), ("null", nil, .foreign), ("", nil, .foreign),
            ("http://hub.example:8080", nil, .foreign), ("\(Self.app), https://evil.example", nil, .foreign),
            (nil, "same-origin", .known), (nil, "none", .known), (nil, "same-site", .foreign),
            (nil, "cross-site", .foreign), (nil, "", .foreign), (nil, "same-origin, cross-site", .foreign),
            ("http://hub.example", "cross-site", .foreign),
            // Behind a proxy that writes a `Host` of its own.
            ("https://public.example", "same-origin", .known),
        ]
        for (origin, site, provenance) in cases {
            let credentials = try credentials(origin: origin, site: site)
            #expect(policy.provenance(of: credentials) == provenance, "\(origin ?? "-") \(site ?? "-")")
        }
        let secure = try credentials(origin: "http://hub.example", isSecure: true)
        #expect(policy.provenance(of: secure) == .foreign)
        #expect(policy.provenance(of: try credentials(origin: "http://hub.example", host: nil)) == .foreign)
    }

    @Test func `what a browser sends by itself counts only for pages that are known`() throws {
        let policy = try policy()
        let user = Identity.Kind.user(try UserID("ada"))
        let foreign = "https://evil.example"
        let methods: [HTTPRequest.Method] = [.get, .head, .post, .delete]
        for method in methods {
            let isReading = method == .get || method == .head
            func isRefused(_ identity: Identity, _ origin: String?) throws -> Bool {
                let credentials = try credentials(method, origin: origin)
                do throws(Problem) {
                    try policy.check(identity, credentials)
                    return false
                } catch {
                    #expect(error == .originNotAllowed)
                    return true
                }
            }
            let cookie = try identity(user, isAmbient: true)
            #expect(try isRefused(cookie, foreign) && !isRefused(cookie, Self.app), "\(method)")
            #expect(try isRefused(cookie, nil) == !isReading && !isRefused(cookie, "http://hub.example"), "\(method)")
            let bearer = try identity(user)
            #expect(try !isRefused(bearer, foreign) && !isRefused(bearer, nil), "\(method)")
            let anybody = try identity(.anybody)
            #expect(try isRefused(anybody, foreign) == !isReading && !isRefused(anybody, nil), "\(method)")
        }
    }

    // MARK: Preflights

    @Test func `a preflight of an allowed page is told what it may send`() throws {
        var asking = try credentials(.options, origin: Self.app)
        asking.fields[.accessControlRequestMethod] = "POST"
        let fields = try policy().preflight(asking, allowing: "POST, OPTIONS")
        #expect(fields[.allow] == "POST, OPTIONS" && fields[.accessControlAllowMethods] == "POST, OPTIONS")
        #expect(fields[.accessControlMaxAge] == "600")
        let allowed = "Authorization, Content-Type, Last-Event-ID, Cache-Control, traceparent"
        #expect(fields[.accessControlAllowHeaders] == allowed)
    }

    @Test func `a preflight of another page is refused, and what is none is not`() throws {
        var asking = try credentials(.options, origin: "https://evil.example")
        #expect(try policy().preflight(asking, allowing: "POST") == [.allow: "POST"])
        asking.fields[.accessControlRequestMethod] = "POST"
        #expect(throws: Problem.originNotAllowed) { try policy().preflight(asking, allowing: "POST") }
        asking.fields[.origin] = "http://hub.example"
        #expect(try policy().preflight(asking, allowing: "POST") == [.allow: "POST"])
        asking.fields[.origin] = nil
        #expect(try policy().preflight(asking, allowing: "POST") == [.allow: "POST"])
    }
}
