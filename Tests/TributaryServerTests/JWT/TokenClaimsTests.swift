import Testing
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

/// What the claims of a token that is signed well allow.
@Suite struct TokenClaimsTests {
    private func identity(
        _ token: String, _ change: (inout JWTConfiguration) -> Void = { _ in }
    ) async throws -> Identity {
        let authenticator = try JWTAuthenticator.testing(.forged(change))
        return try #require(await authenticator.authenticate(.bearer(token)))
    }

    private func verdict(
        _ token: String, _ change: (inout JWTConfiguration) -> Void = { _ in }
    ) async throws -> String? {
        try await JWTAuthenticator.testing(.forged(change)).verdict(.bearer(token))
    }

    private func channels(_ names: String...) throws -> ChannelSet {
        try Catalog.bundled().channels(named: names)
    }

    private let all = Result { ChannelSet.all(of: try Catalog.bundled().channels.count) }

    // MARK: Time

    @Test func `a token ends with its exp, to the second, by the hub's clock`() async throws {
        for (seconds, verdict) in [(-1, "token_expired"), (0, "token_expired"), (1, "ada")] {
            let token = Forge.token(exactly: #"{"sub":"ada","exp":\#(Forge.seconds(seconds))}"#)
            #expect(try await self.verdict(token) == verdict, "\(seconds)")
        }
        let identity = try await identity(Forge.token())
        #expect(identity.expiresAt?.milliseconds == UInt64(Forge.seconds(60)) * 1_000)
        let half = Forge.token(exactly: #"{"sub":"ada","exp":\#(Forge.seconds(0)).5}"#)
        #expect(try await self.identity(half).expiresAt?.milliseconds == Forge.now.milliseconds + 500)
    }

    @Test(arguments: [
        #""exp":null"#, #""exp":"4102444800""#, #""exp":true"#, #""exp":-1"#, #""exp":1e300"#, #""exp":[4102444800]"#,
        #""iat":1"#,
    ])
    func `a token must end, at a time`(_ claim: String) async throws {
        #expect(try await verdict(Forge.token(exactly: #"{"sub":"ada",\#(claim)}"#)) == "invalid_token")
    }

    @Test func `a token holds from its nbf on, and was not issued in the future`() async throws {
        for name in ["nbf", "iat"] {
            // 5 s: the issuer's clock may go ahead so far.
            for (seconds, verdict) in [(-3_600, "ada"), (0, "ada"), (5, "ada"), (6, "invalid_token")] {
                let token = Forge.token(#""\#(name)":\#(Forge.seconds(seconds))"#)
                #expect(try await self.verdict(token) == verdict, "\(name) \(seconds)")
            }
            for wrong in ["\"now\"", "null", "-1", "{}"] {
                #expect(try await verdict(Forge.token(#""\#(name)":\#(wrong)"#)) == "invalid_token", "\(name) \(wrong)")
            }
        }
    }

    // MARK: Whose it is, and for whom

    @Test(arguments: ["7", "null", "\"\"", "\"a\\nb\"", "[\"ada\"]", "\"\(String(repeating: "a", count: 257))\""])
    func `a sub that is no user is refused`(_ subject: String) async throws {
        let token = Forge.token(exactly: #"{"sub":\#(subject),"exp":\#(Forge.seconds(60))}"#)
        #expect(try await verdict(token) == "invalid_token")
    }

    @Test func `a token without a sub is refused`() async throws {
        #expect(try await verdict(Forge.token(exactly: #"{"exp":\#(Forge.seconds(60))}"#)) == "invalid_token")
    }

    @Test func `a user is whom sub names, in the hub's own words`() async throws {
        let identity = try await identity(
            Forge.token(
                exactly: """
                    {"sub":"auth0|5f","exp":\(Forge.seconds(60)),"user_type":"assistant",
                    "tributary":{"user_type":"assistant"}}
                    """))
        #expect(try identity.kind == .user(UserID("auth0|5f")))
        #expect(identity.userType == "client" && !identity.isOperator && !identity.isAmbient)
    }

    @Test func `an audience that the hub has must be in the token`() async throws {
        for (claim, verdict) in [
            (#""aud":"hub""#, "ada"), (#""aud":["other","hub"]"#, "ada"), (#""aud":"other""#, "invalid_token"),
            (#""aud":[]"#, "invalid_token"), (#""aud":["other"]"#, "invalid_token"), (#""aud":null"#, "invalid_token"),
            (#""aud":7"#, "invalid_token"), (#""aud":["hub",7]"#, "invalid_token"), (#""aud":"HUB""#, "invalid_token"),
            (#""x":1"#, "invalid_token"),
        ] {
            #expect(try await self.verdict(Forge.token(claim)) { $0.audience = "hub" } == verdict, "\(claim)")
        }
    }

    @Test func `a hub without a name takes no token that is for somebody`() async throws {
        for claim in [#""aud":"hub""#, #""aud":[]"#, #""aud":null"#] {
            #expect(try await verdict(Forge.token(claim)) == "invalid_token", "\(claim)")
        }
    }

    @Test func `an issuer that the hub has must be the token's`() async throws {
        for (claim, verdict) in [
            (#""iss":"us""#, "ada"), (#""iss":"them""#, "invalid_token"), (#""iss":["us"]"#, "invalid_token"),
            (#""x":1"#, "invalid_token"),
        ] {
            #expect(try await self.verdict(Forge.token(claim)) { $0.issuer = "us" } == verdict, "\(claim)")
        }
        #expect(try await verdict(Forge.token(#""iss":"anybody""#)) == "ada")
    }

    // MARK: What it may

    @Test func `a token that grants nothing says nothing of projects and reads all channels`() async throws {
        for claim in ["", #""tributary":{}"#] {
            let grants = try await identity(Forge.token(claim)).grants
            #expect(try grants == Grants(projects: .unstated, channels: all.get(), publishing: nil))
        }
    }

    @Test func `projects are those that are named, or all`() async throws {
        for (claim, projects) in [
            (#"["p1","p2"]"#, Grants.Projects.some([try ProjectID("p1"), try ProjectID("p2")])), ("[]", .some([])),
            (#""*""#, .all), (#"["*"]"#, .all), (#"["p1","*"]"#, .all),
        ] {
            let grants = try await identity(Forge.token(#""tributary":{"projects":\#(claim)}"#)).grants
            #expect(grants.projects == projects, "\(claim)")
        }
    }

    @Test func `channels have names and aliases, and unknown ones are passed over`() async throws {
        for (claim, expected) in [
            (#"["chat","job"]"#, try channels("chat", "jobs")), (#"["chat","nowhere"]"#, try channels("chat")),
            (#"["nowhere"]"#, []), ("[]", []), (#""*""#, try all.get()), (#"["*"]"#, try all.get()),
        ] {
            let grants = try await identity(Forge.token(#""tributary":{"channels":\#(claim)}"#)).grants
            #expect(grants.channels == expected, "\(claim)")
        }
    }

    @Test func `publishing is for the channels and events that are named`() async throws {
        for (claim, expected) in [
            (#"{"channels":["chat"]}"#, Grants.Publishing(channels: try channels("chat"))),
            (
                #"{"channels":["chat"],"events":["message.*","typing.start"]}"#,
                Grants.Publishing(channels: try channels("chat"), events: ["message.*", "typing.start"])
            ),
            (#"{"channels":["chat"],"events":[]}"#, Grants.Publishing(channels: try channels("chat"), events: [])),
            (#"{"channels":"*","events":"*"}"#, Grants.Publishing(channels: try all.get())),
        ] {
            let grants = try await identity(Forge.token(#""tributary":{"publish":\#(claim)}"#)).grants
            #expect(grants.publishing == expected, "\(claim)")
        }
    }

    @Test func `an admin is an operator who reads no more than is granted`() async throws {
        let admin = try await identity(Forge.token(#""tributary":{"admin":true,"channels":["chat"]}"#))
        #expect(admin.isOperator)
        #expect(try admin.grants == Grants(projects: .unstated, channels: channels("chat"), publishing: nil))
        let nobody = try await identity(Forge.token(#""tributary":{"admin":false}"#))
        #expect(!nobody.isOperator)
        let elsewhere = try await identity(Forge.token(#""admin":true"#))
        #expect(!elsewhere.isOperator)
    }

    @Test(arguments: [
        ("null", "tributary"), ("[]", "tributary"), ("true", "tributary"), (#""*""#, "tributary"),
        (#"{"projects":null}"#, "tributary.projects"), (#"{"projects":"p1"}"#, "tributary.projects"),
        (#"{"projects":[1]}"#, "tributary.projects"), (#"{"projects":["a b"]}"#, "tributary.projects"),
        (#"{"projects":{}}"#, "tributary.projects"), (#"{"channels":null}"#, "tributary.channels"),
        (#"{"channels":"chat"}"#, "tributary.channels"), (#"{"channels":[null]}"#, "tributary.channels"),
        (#"{"publish":null}"#, "tributary.publish"), (#"{"publish":true}"#, "tributary.publish"),
        (#"{"publish":{}}"#, "tributary.publish"), (#"{"publish":["chat"]}"#, "tributary.publish"),
        (#"{"publish":{"channels":1}}"#, "tributary.publish.channels"),
        (#"{"publish":{"channels":["chat"],"events":"x"}}"#, "tributary.publish.events"),
        (#"{"publish":{"channels":["chat"],"events":null}}"#, "tributary.publish.events"),
        (#"{"admin":"true"}"#, "tributary.admin"), (#"{"admin":1}"#, "tributary.admin"),
        (#"{"admin":null}"#, "tributary.admin"),
    ])
    func `a claim of another shape is refused by its name`(_ claim: String, _ name: String) async throws {
        let authenticator = try JWTAuthenticator.testing(.forged())
        let refusal = try #require(await authenticator.refusal(Forge.token(#""tributary":\#(claim)"#)))
        #expect(refusal.code == "invalid_token" && refusal.message.contains("\(name) "), "\(refusal.message)")
    }

    @Test(arguments: ["[]", "7", "\"x\"", "null", "", "{", "{} {}", #"{"sub":"ada","exp":01}"#])
    func `claims that are no JSON object are refused`(_ claims: String) async throws {
        #expect(try await verdict(Forge.token(exactly: claims)) == "invalid_token")
    }

    @Test func `a token that was made here is believed here`() async throws {
        var token = NewToken(user: try UserID("u|1"), projects: ["p1", "p2"], lifetimeSeconds: 60)
        token.channels = ["chat", "jobs"]
        token.publishChannels = ["chat"]
        token.publishEvents = ["message.*"]
        token.isAdmin = true
        token.audience = "hub"
        token.issuer = "us"
        let text = try await token.signed(with: JWTSecret(Forge.secret), at: Forge.now)
        let identity = try await identity(text) { ($0.audience, $0.issuer) = ("hub", "us") }
        #expect(try identity.kind == .user(UserID("u|1")) && identity.isOperator)
        #expect(identity.expiresAt?.milliseconds == Forge.now.milliseconds + 60_000)
        #expect(
            try identity.grants
                == Grants(
                    projects: .some([ProjectID("p1"), ProjectID("p2")]), channels: channels("chat", "jobs"),
                    publishing: .init(channels: channels("chat"), events: ["message.*"])
                ))
        let open = NewToken(user: try UserID("u"), projects: ["*"], lifetimeSeconds: 60)
        let plain = try await self.identity(open.signed(with: JWTSecret(Forge.secret), at: Forge.now))
        #expect(try plain.grants == Grants(projects: .all, channels: all.get(), publishing: nil))
    }
}
