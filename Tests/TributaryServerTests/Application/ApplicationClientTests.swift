import NIOCore
import NIOHTTP1
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// The way over the wire.
@Suite struct ApplicationClientTests {
    private static func ask(
        _ application: FakeApplication, _ question: ApplicationQuestion? = nil, secret: String? = nil,
        timeout: TimeAmount = RawClient.patience
    ) async throws -> Result<ApplicationReply, ApplicationFailure> {
        let client = ApplicationClient(
            endpoint: try ApplicationEndpoint(application.url), secret: try secret.map { try BearerToken($0) },
            timeout: timeout
        )
        return await client.ask(try question ?? Self.question())
    }

    private static func question(_ caller: Caller? = nil) throws -> ApplicationQuestion {
        try ApplicationQuestion(
            ApplicationFixtures.demand(), for: caller ?? ApplicationFixtures.anybody(),
            catalog: ApplicationFixtures.catalog()
        )
    }

    @Test func `a question is a POST of JSON, and the answer comes back whole`() async throws {
        try await FakeApplication.run(answering: .json(#"{"allow":true}"#)) { application in
            let reply = try await Self.ask(application).get()
            #expect(reply == .json(#"{"allow":true}"#))
            let asked = try #require(application.questions.first)
            #expect(asked.method == "POST" && asked.target == "/authorize")
            #expect(asked.headers["Content-Type"] == ["application/json"])
            #expect(asked.object["user_id"] as? String == "ada")
            for name in ["Cookie", "Authorization", ApplicationClient.secretName] {
                #expect(asked.headers[name].isEmpty, "\(name)")
            }
        }
    }

    @Test func `a session's headers are passed on as they came, and the secret beside them`() async throws {
        try await FakeApplication.run(answering: .json("{}")) { application in
            let fields = ApplicationFixtures.fields(cookie: "sid=1; theme=dark", authorization: "Token t")
            let credentials = ApplicationFixtures.credentials(fields)
            let catalog = try ApplicationFixtures.catalog()
            let identity = try #require(try await ApplicationAuthenticator(catalog: catalog).authenticate(credentials))
            let caller = Caller(
                access: try ApplicationFixtures.anybody().access, identity: identity, credentials: credentials)
            _ = try await Self.ask(application, Self.question(caller), secret: "0123456789abcdef").get()
            let headers = try #require(application.questions.first).headers
            #expect(headers["Cookie"] == ["sid=1; theme=dark"] && headers["Authorization"] == ["Token t"])
            #expect(headers[ApplicationClient.secretName] == ["0123456789abcdef"])
        }
    }

    @Test func `redirects are not followed`() async throws {
        let moved = "HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        try await FakeApplication.run(answering: .bytes(moved)) { application in
            let reply = try await Self.ask(application).get()
            #expect(reply.status == 307)
            #expect(application.questions.count == 1)
        }
    }

    @Test func `an answer over 64 KiB is none`() async throws {
        let most = String(repeating: " ", count: ApplicationClient.maximumAnswer)
        try await FakeApplication.run(answering: .json(most + " ")) { application in
            guard case .failure(.misunderstood) = try await Self.ask(application) else { return #expect(Bool(false)) }
            application.answer { _ in .json(most) }
            let reply = try await Self.ask(application).get()
            #expect(reply == .json(most))
        }
    }

    @Test func `silence is no answer in time, before and within it`() async throws {
        try await FakeApplication.run(answering: .silence) { application in
            let result = try await Self.ask(application, timeout: .milliseconds(50))
            #expect(result == .failure(.timedOut))
        }
    }

    @Test func `what cannot be reached, or is not HTTP, is told apart from an answer`() async throws {
        let gone = try await FakeApplication.run(answering: .cut) { application in
            guard case .failure(.unreachable) = try await Self.ask(application) else {
                #expect(Bool(false))
                return application
            }
            // A question may be asked twice where the connection closes without an answer.
            #expect(application.questions.count == 2)
            for nonsense in ["hello\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "\r\n"] {
                application.answer { _ in .bytes(nonsense) }
                guard case .failure(let failure) = try await Self.ask(application) else {
                    #expect(Bool(false), "\(nonsense)")
                    return application
                }
                #expect(failure != .timedOut, "\(nonsense)")
            }
            return application
        }
        guard case .failure(.unreachable) = try await Self.ask(gone) else { return #expect(Bool(false)) }
    }
}
