import HTTPTypes
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

@Suite struct ApplicationQuestionTests {
    private func question(_ demand: Demand, _ caller: Caller) throws -> ApplicationQuestion {
        try ApplicationQuestion(demand, for: caller, catalog: ApplicationFixtures.catalog())
    }

    @Test func `it names the user, the project, the channels, the action and the connection`() throws {
        var demand = try ApplicationFixtures.demand()
        demand.channels = try ApplicationFixtures.channels("jobs", "chat")
        let question = try question(demand, ApplicationFixtures.anybody())
        #expect(
            String(buffer: question.body)
                == #"{"action":"subscribe","channels":["chat","jobs"],"#
                + #""connection":{"address":"192.0.2.7","user_agent":"test/1"},"project_id":"p1","user_id":"ada"}"#
        )
        #expect(question.session == nil)
    }

    @Test func `it names the event and the stream that it is about`() throws {
        var demand = try ApplicationFixtures.demand(.publish)
        demand.event = try EventName("message.new")
        let id = ConnectionID()
        demand.connection = id
        let text = String(buffer: try question(demand, ApplicationFixtures.anybody()).body)
        #expect(text.contains(#""event":"message.new""#) && text.contains(#""id":"\#(id)""#))
    }

    @Test func `a session's question names no user and holds no secret`() async throws {
        let caller = try await ApplicationFixtures.session("sid=secret")
        let question = try question(ApplicationFixtures.demand(user: "ada"), caller)
        #expect(question.session?.cookie == "sid=secret")
        #expect(!String(buffer: question.body).contains("user_id"))
        var dumped = ""
        dump(question.session, to: &dumped)
        dump(question.key, to: &dumped)
        dump(caller.identity, to: &dumped)
        #expect(!"\(question.key) \(String(buffer: question.body)) \(dumped)".contains("secret"))
    }

    @Test func `only a session's cookies are passed on`() async throws {
        let fields = ApplicationFixtures.fields(cookie: "sid=1", authorization: "Bearer x")
        let access = try Access(ServerConfiguration(), catalog: ApplicationFixtures.catalog())
        let anybody = access.openCaller(ApplicationFixtures.credentials(fields))
        #expect(try question(ApplicationFixtures.demand(), anybody).session == nil)
    }

    @Test func `equal questions have equal keys, and others have not`() async throws {
        let anybody = try ApplicationFixtures.anybody()
        let base = try question(ApplicationFixtures.demand(), anybody).key
        #expect(try question(ApplicationFixtures.demand(), anybody).key == base)
        var event = try ApplicationFixtures.demand()
        event.event = try EventName("message.new")
        for demand in [
            try ApplicationFixtures.demand(user: "bob"), try ApplicationFixtures.demand(project: "p2"),
            try ApplicationFixtures.demand(channels: "jobs"), try ApplicationFixtures.demand(.history), event,
        ] {
            #expect(try question(demand, anybody).key != base)
        }
        let demand = try ApplicationFixtures.demand()
        let first = try question(demand, await ApplicationFixtures.session("sid=1")).key
        #expect(try question(demand, await ApplicationFixtures.session("sid=1")).key == first)
        #expect(try question(demand, await ApplicationFixtures.session("sid=2")).key != first && first != base)
    }
}

@Suite struct SessionCredentialsTests {
    private func session(_ cookie: String? = nil, _ authorization: String? = nil) throws -> SessionCredentials? {
        try SessionCredentials(ApplicationFixtures.fields(cookie: cookie, authorization: authorization))
    }

    @Test func `it is made of cookies, an authorization, or both`() throws {
        #expect(try session() == nil && session("") == nil)
        #expect(try session("a=1")?.cookie == "a=1" && session("a=1")?.authorization == nil)
        #expect(try session(nil, "Token x")?.authorization == "Token x")
    }

    @Test func `cookies in several fields are one list, and two authorizations are refused`() throws {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .cookie, value: "a=1"))
        fields.append(HTTPField(name: .cookie, value: "b=2"))
        #expect(try SessionCredentials(fields)?.cookie == "a=1; b=2")
        fields.append(HTTPField(name: .authorization, value: "Bearer x"))
        fields.append(HTTPField(name: .authorization, value: "Bearer y"))
        #expect(throws: Problem.self) { try SessionCredentials(fields) }
    }

    @Test func `what moves from one field to the other is another session`() throws {
        let digests = [
            try session("a"), try session(nil, "a"), try session("a", "b"), try session("ab"), try session(nil, "ab"),
        ].compactMap { $0?.digest }
        #expect(Set(digests).count == 5)
    }

    @Test func `all but a bearer token may come by itself`() throws {
        #expect(try session("a=1")?.isAmbient == true && session("a=1", "Bearer x")?.isAmbient == true)
        #expect(try session(nil, "Basic eA==")?.isAmbient == true && session(nil, "Bearer x")?.isAmbient == false)
    }

    @Test func `whoever has one is a session, known by a part of its digest`() async throws {
        let authenticator = ApplicationAuthenticator(catalog: try ApplicationFixtures.catalog())
        #expect(try await authenticator.authenticate(ApplicationFixtures.credentials()) == nil)
        let identity = try await ApplicationFixtures.session().identity
        #expect(identity.kind == .session && identity.isAmbient && !identity.isOperator)
        #expect(identity.grants.projects == .unstated && identity.expiresAt == nil)
        #expect(identity.credential.wholeMatch(of: #/session:[0-9a-f]{16}/#) != nil)
    }
}

@Suite struct ApplicationEndpointTests {
    @Test(arguments: [
        ("http://localhost:9000/authorize", "http://localhost:9000"),
        ("https://app.example.com", "https://app.example.com"),
        ("HTTPS://app.example.com:8443/a?key=secret", "https://app.example.com:8443"),
        ("http://[::1]:80/a", "http://[::1]:80"),
    ])
    func `it is an http or https URL, of which only the origin is shown`(_ text: String, _ origin: String) throws {
        let endpoint = try ApplicationEndpoint(text)
        var dumped = ""
        dump(endpoint, to: &dumped)
        #expect("\(endpoint)" == origin && endpoint.url == text && !dumped.contains("secret"))
    }

    @Test(arguments: [
        "", "app", "/authorize", "ftp://app/", "http://", "http:///a", "http://a b/", "http://app:0/",
        "http://app:65536/", "http://user:hidden@app/", "http://app/#part", "unix:///run/app", "http://app/é",
    ])
    func `nothing else is, and a refusal repeats none of it`(_ text: String) {
        do {
            _ = try ApplicationEndpoint(text)
            #expect(Bool(false), "\(text)")
        } catch {
            #expect(!"\(error)".contains("hidden"))
        }
    }

    @Test func `authentication by the application needs to know where it is`() throws {
        var configuration = ServerConfiguration(authentication: [.application])
        #expect(throws: ListenError.self) { try configuration.validate() }
        configuration.application.endpoint = try ApplicationEndpoint("http://app/")
        try configuration.validate()
    }
}
