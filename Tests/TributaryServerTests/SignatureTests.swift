import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

@Suite struct SignatureTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let previous = "fedcba9876543210fedcba9876543210"
    /// 2025-11-28T18:40:00Z; the signatures below are of this second, made with Python's hmac.
    private static let signedAt: UInt64 = 1_764_355_200

    /// A proxy's request and the hub's clock.
    private struct Case {
        var method = HTTPRequest.Method.get
        var target = "/stream?channels=chat&project_id=p1"
        var fields: [(String, String)] = [
            ("X-Tributary-Signature", "b2ab49db5d63fa66be5138ee2028d8a9877c078482669a2bdafd7bc00748dd89"),
            ("X-Tributary-Timestamp", "1764355200"), ("X-Tributary-User", "ada"),
        ]
        var body = ""
        var now = SignatureTests.signedAt

        static var post: Case {
            Case(
                method: .post, target: "/publish?n=1",
                fields: [
                    ("X-Tributary-Signature", "1fc87d1b48b36bb3df9d26488b286954c558915fed4006b3738b773b3f27e5d0"),
                    ("X-Tributary-Timestamp", "1764355200"), ("X-Tributary-User", "auth0|é"),
                ],
                body: #"{"a":1}"#
            )
        }

        mutating func set(_ name: String, _ value: String?) {
            fields.removeAll { $0.0 == name }
            if let value { fields.append((name, value)) }
        }

        var credentials: Credentials {
            var all = HTTPFields()
            for (name, value) in fields {
                if let name = HTTPField.Name(name) { all.append(HTTPField(name: name, value: value)) }
            }
            return Credentials(
                method: method, target: target, fields: all, body: ByteBuffer(string: body), peer: "192.0.2.7")
        }
    }

    private static func configuration(_ change: (inout SignatureConfiguration) throws -> Void = { _ in }) throws
        -> SignatureConfiguration
    {
        var configuration = SignatureConfiguration()
        configuration.secret = try SignatureSecret(secret)
        try change(&configuration)
        return configuration
    }

    /// Remembers what it has seen, and reads its time from the cases.
    private struct Proxied {
        let authenticator: SignatureAuthenticator
        let time = NIOLockedValueBox<UInt64>(0)

        init(_ configuration: SignatureConfiguration, replays: ReplayGuard = ReplayGuard(), asks: Bool = false) throws {
            let time = time
            authenticator = try #require(
                SignatureAuthenticator(
                    configuration, catalog: try .bundled(), asksApplication: asks, replays: replays,
                    now: { Instant(milliseconds: time.withLockedValue { $0 } * 1_000 + 999) }
                )
            )
        }

        func identity(_ request: Case) async throws(Problem) -> Identity? {
            time.withLockedValue { $0 = request.now }
            return try await authenticator.authenticate(request.credentials)
        }

        func code(_ request: Case) async -> String? {
            do throws(Problem) {
                return try await identity(request).map { "\($0.kind)" } ?? "none"
            } catch {
                return error.code
            }
        }
    }

    // MARK: The present form

    @Test func `a signed user is who the proxy says, with all channels`() async throws {
        let proxied = try Proxied(Self.configuration())
        let identity = try #require(try await proxied.identity(Case()))
        #expect(identity.kind == .user(try UserID("ada")) && identity.credential == "signature:ada")
        #expect(identity.grants == .everything(try .bundled()) && !identity.isOperator && !identity.isAmbient)
        #expect(try await proxied.identity(.post)?.kind == .user(try UserID("auth0|é")))
    }

    @Test func `where an application is asked, it decides about projects`() async throws {
        let identity = try await Proxied(Self.configuration(), asks: true).identity(Case())
        #expect(identity?.grants.projects == .unstated)
    }

    @Test func `without the signature's header nothing is claimed, whatever the others say`() async throws {
        let proxied = try Proxied(Self.configuration())
        var request = Case()
        request.set("X-Tributary-Signature", nil)
        #expect(await proxied.code(request) == "none")
        request.fields.append(("X-Tributary-User", "eve"))
        #expect(await proxied.code(request) == "none")
    }

    @Test func `whatever is changed, the signature holds no more`() async throws {
        let proxied = try Proxied(Self.configuration())
        let changes: [(String, (inout Case) -> Void)] = [
            ("method", { $0.method = .put }), ("path", { $0.target = "/history?n=1" }),
            ("query", { $0.target += "&user_id=eve" }), ("query's case", { $0.target = "/publish?N=1" }),
            ("escape", { $0.target = "/publish?%6E=1" }), ("user", { $0.set("X-Tributary-User", "eve") }),
            ("user's form", { $0.set("X-Tributary-User", "auth0|e\u{301}") }),
            ("timestamp", { $0.set("X-Tributary-Timestamp", "1764355201") }),
            ("zeros", { $0.set("X-Tributary-Timestamp", "01764355200") }), ("body", { $0.body = #"{"a":2}"# }),
            ("no body", { $0.body = "" }),
            ("signature", { $0.set("X-Tributary-Signature", String(repeating: "0", count: 64)) }),
        ]
        for (what, change) in changes {
            var request = Case.post
            change(&request)
            #expect(await proxied.code(request) == "invalid_signature", "\(what)")
        }
        // None of these counted as the request itself.
        #expect(await proxied.code(.post)?.hasPrefix("user") == true)
    }

    @Test func `each header stands there once and is well-formed`() async throws {
        let proxied = try Proxied(Self.configuration())
        for name in ["X-Tributary-Signature", "X-Tributary-Timestamp", "X-Tributary-User"] {
            var twice = Case()
            twice.fields.append(try #require(twice.fields.first { $0.0 == name }))
            #expect(await proxied.code(twice) == "invalid_signature", "\(name) twice")
            var other = Case()
            other.fields.append((name.lowercased(), "x"))
            #expect(await proxied.code(other) == "invalid_signature", "another \(name)")
        }
        for name in ["X-Tributary-Timestamp", "X-Tributary-User"] {
            var without = Case()
            without.set(name, nil)
            #expect(await proxied.code(without) == "invalid_signature", "no \(name)")
        }
        let right = "b2ab49db5d63fa66be5138ee2028d8a9877c078482669a2bdafd7bc00748dd89"
        let wrongs = [
            "", "sha256=", "sha1=\(right)", right.uppercased(), "\(right)00", "\(right.dropLast())", "x\(right)",
        ]
        for wrong in wrongs {
            var request = Case()
            request.set("X-Tributary-Signature", wrong)
            #expect(await proxied.code(request) == "invalid_signature", "\(wrong)")
        }
        for wrong in ["", "-1764355200", "1764355200.0", "+1764355200", "1764355200000000", "0x1", "１７６４３５５２００"] {
            var request = Case()
            request.set("X-Tributary-Timestamp", wrong)
            #expect(await proxied.code(request) == "invalid_signature", "\(wrong)")
        }
        var prefixed = Case()
        prefixed.set("X-Tributary-Signature", "sha256=\(right)")
        #expect(await proxied.code(prefixed)?.hasPrefix("user") == true)
    }

    @Test func `a signature holds for 300 seconds before and after, and no longer`() async throws {
        let proxied = try Proxied(Self.configuration())
        for (offset, isFresh) in [(-301, false), (-300, true), (300, true), (301, false), (86_400, false)] {
            var request = Case()
            request.now = UInt64(Int(request.now) + offset)
            #expect(await (proxied.code(request) == "stale_signature") == !isFresh, "\(offset)")
        }
        // Milliseconds are so many seconds, in this form.
        var milliseconds = Case()
        milliseconds.set("X-Tributary-Timestamp", "1764355200000")
        #expect(await proxied.code(milliseconds) == "stale_signature")
    }

    @Test func `two secrets hold at a time, and each signs for itself`() async throws {
        let rotated = try Proxied(
            Self.configuration {
                $0.secret = try SignatureSecret(Self.previous)
                $0.previousSecret = try SignatureSecret(Self.secret)
            }
        )
        #expect(await rotated.code(Case())?.hasPrefix("user") == true)
        let done = try Proxied(Self.configuration { $0.secret = try SignatureSecret(Self.previous) })
        #expect(await done.code(Case()) == "invalid_signature")
    }

    @Test func `a signed request that changes something counts once, one that reads as often as it comes`() async throws
    {
        let proxied = try Proxied(Self.configuration())
        for _ in 0..<3 { #expect(await proxied.code(Case())?.hasPrefix("user") == true) }
        #expect(await proxied.code(.post)?.hasPrefix("user") == true)
        var again = Case.post
        for now in [Self.signedAt, Self.signedAt + 300, Self.signedAt - 300, Self.signedAt] {
            again.now = now
            #expect(await proxied.code(again) == "replayed_signature", "\(now)")
        }
        var prefixed = Case.post
        prefixed.fields[0].1 = "sha256=" + prefixed.fields[0].1
        #expect(await proxied.code(prefixed) == "replayed_signature")
    }

    @Test func `what there is no room to remember is refused for as long`() async throws {
        let proxied = try Proxied(Self.configuration(), replays: ReplayGuard(limit: 0))
        do throws(Problem) {
            _ = try await proxied.identity(.post)
            Issue.record("taken")
        } catch {
            #expect(error.code == "replay_guard_full" && error.status == .serviceUnavailable)
            #expect(error.fields[.retryAfter] == "301")
        }
        #expect(await proxied.code(Case())?.hasPrefix("user") == true)
    }

    @Test func `a refusal tells how to sign and nothing of secrets and signatures`() {
        let problems: [Problem] = [.invalidSignature("No."), .staleSignature, .replayedSignature]
        for problem in problems {
            #expect(problem.status == .unauthorized && problem.fields[.wwwAuthenticate] == "Signature")
        }
    }

    // MARK: The older form

    @Test func `the older form is of the timestamp and the body`() async throws {
        let proxied = try Proxied(
            Self.configuration {
                $0.isCompatible = true
                $0.headers = [
                    .signature: try HeaderName("X-Proxy-Signature"), .timestamp: try HeaderName("x-proxy-time"),
                    .user: try HeaderName("X-Proxy-User"),
                ]
            }
        )
        var get = Case()
        get.fields = [
            ("X-Proxy-Signature", "6a5e5f7fcdd07481248da3566216772a814f05729d06c85875336c0518b058cd"),
            ("X-Proxy-Time", "1764355200"), ("X-Proxy-User", "ada"),
        ]
        #expect(await proxied.code(get)?.hasPrefix("user") == true)
        // Nothing else is covered: what --help says in so many words.
        get.target = "/history"
        get.set("X-Proxy-User", "eve")
        #expect(await proxied.code(get)?.hasPrefix("user") == true)

        var post = Case.post
        post.fields = [
            ("X-Proxy-Signature", "sha256=bee9b5230a93b97904735e6233e16af4c7682de181d17b3fc8c2fcd8e471b85f"),
            ("X-Proxy-Time", "1764355200123"), ("X-Proxy-User", "ada"),
        ]
        #expect(await proxied.code(post)?.hasPrefix("user") == true)
        #expect(await proxied.code(post) == "replayed_signature")
        // In the same moment another user says the same.
        post.set("X-Proxy-User", "bob")
        #expect(await proxied.code(post)?.hasPrefix("user") == true)
        post.body = ""
        #expect(await proxied.code(post) == "invalid_signature")
        post.body = #"{"a":1}"#
        post.now += 301
        #expect(await proxied.code(post) == "stale_signature")
        // The present form, and its headers, are not taken beside it.
        #expect(await proxied.code(Case()) == "none")
        var present = Case()
        present.fields = Case().fields.map { ($0.0.replacing("X-Tributary", with: "X-Proxy"), $0.1) }
        present.fields = present.fields.map { ($0.0 == "X-Proxy-Timestamp" ? "X-Proxy-Time" : $0.0, $0.1) }
        #expect(await proxied.code(present) == "invalid_signature")
    }

    // MARK: Configuration

    @Test func `what is too short, too long or not visible is no secret, and a secret is never shown`() throws {
        let long = String(repeating: "a", count: 1_025)
        for text in ["", String(Self.secret.dropLast()), "\(Self.secret) ", "\(Self.secret)é", long] {
            #expect(throws: SignatureSecret.Invalid.self) { try SignatureSecret(text) }
        }
        var configuration = ServerConfiguration()
        configuration.signature.secret = try SignatureSecret(Self.secret)
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration)".contains("0123") && !dumped.contains("0123"))
        #expect(try SignatureSecret(Self.secret) == SignatureSecret(Self.secret))
        #expect(try SignatureSecret(Self.secret) != SignatureSecret(Self.previous))
    }

    @Test(arguments: ["", "a b", "X:Y", "X\r\nY", "é", ":path", "X_Y"])
    func `what is no header's name is refused`(_ text: String) {
        #expect(throws: HeaderName.Invalid.self) { try HeaderName(text) }
    }

    @Test func `settings that would not do what they seem to are told`() throws {
        func message(
            _ methods: [ServerConfiguration.Authentication]?, _ change: (inout SignatureConfiguration) throws -> Void
        ) throws -> String? {
            var configuration = ServerConfiguration()
            configuration.authentication = methods
            try change(&configuration.signature)
            do {
                try configuration.validate()
                return nil
            } catch let error as ListenError {
                return error.description
            }
        }
        #expect(try message(nil) { _ in } == nil)
        #expect(try message([.signature]) { $0.secret = try SignatureSecret(Self.secret) } == nil)
        #expect(try message([.signature]) { _ in }?.contains("needs --signature-secret") == true)
        #expect(
            try message([.signature]) { $0.previousSecret = try SignatureSecret(Self.secret) }?
                .contains("needs --signature-secret") == true)
        for methods in [nil, [.disabled], [.jwt]] as [[ServerConfiguration.Authentication]?] {
            #expect(
                try message(methods) { $0.secret = try SignatureSecret(Self.secret) }?
                    .contains("only with --auth signature") == true)
        }
        #expect(try message(nil) { $0.isCompatible = true }?.contains("only with --auth signature") == true)
        #expect(
            try message([.signature]) {
                $0.secret = try SignatureSecret(Self.secret)
                $0.headers[.user] = try HeaderName("X-User")
            }?.contains("--signature-compatibility") == true)
        #expect(
            try message([.signature]) {
                $0.secret = try SignatureSecret(Self.secret)
                $0.isCompatible = true
                $0.headers[.user] = try HeaderName("x-tributary-signature")
            }?.contains("a header of their own") == true)
    }
}
