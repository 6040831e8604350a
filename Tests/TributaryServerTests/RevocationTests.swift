import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// Who may not read any more reads no more: streams that are open, and those on their way in.
@Suite struct RevocationTests {
    private static let token = "0123456789abcdef"

    private static func configuration() throws -> ServerConfiguration {
        var configuration = TestServer.patient
        configuration.adminToken = try BearerToken(token)
        return configuration
    }

    /// An application that says yes until it is told to say no, and that a test can keep waiting.
    private final class Application: ApplicationAuthorizer {
        struct State {
            var allows = true
            var isHolding = false
            var asked = 0
        }

        let state = NIOLockedValueBox(State())

        func decide(_ demand: Demand, for caller: Caller) async throws(Problem) -> ApplicationVerdict {
            // What it says is what it knew when it was asked.
            let allows = state.withLockedValue { state in
                state.asked += 1
                return state.allows
            }
            while state.withLockedValue({ $0.isHolding }) { await Task.yield() }
            guard allows else { throw .projectForbidden(demand.project) }
            return ApplicationVerdict(channels: demand.channels, lifetimeMilliseconds: 1_000)
        }

        func lease(_ verdict: ApplicationVerdict, _ demand: Demand, for caller: Caller) -> StreamLease {
            let at = Instant(milliseconds: Instant.now.milliseconds + UInt64(verdict.lifetimeMilliseconds))
            let review = StreamLease.Review(at: at) { channels in
                var demand = demand
                demand.channels = channels
                guard let verdict = try? await self.decide(demand, for: caller) else { return .revoked }
                return .granted(self.lease(verdict, demand, for: caller), verdict.channels)
            }
            return StreamLease(expiresAt: caller.identity.expiresAt, review: review)
        }

        // It keeps nothing.
        func forget(_ user: UserID, in project: ProjectID?) {}
    }

    @Test func `a user who lost the project is found out when the answer's time is over`() async throws {
        let book = TokenBook()
        let application = Application()
        try await TestServer.run(access: book.judge(application)) { server in
            try book.issue("ada", to: "ada")
            let stream = try await server.stream("project_id=p1&channels=chat", token: "ada")
            try await eventually("the application is asked again") {
                application.state.withLockedValue { $0.asked >= 3 }
            }
            #expect(stream.end == nil)
            application.state.withLockedValue { $0.allows = false }
            try await stream.receive(#""reason":"revoked","reconnect":false"#)
            try await stream.receiveAll()
            let figures = try await server.figures { $0.streams.open == 0 }
            #expect(figures.streams.closedTotal == ["revoked": 1])
        }
    }

    @Test func `a stream that waits for its place is revoked with the others`() async throws {
        let held = NIOLockedValueBox<HeldCoordination?>(nil)
        try await TestServer.run(
            try Self.configuration(),
            hub: { $0.registerTimeoutMilliseconds = 60_000 },
            coordination: { base in
                let coordination = HeldCoordination(base)
                held.withLockedValue { $0 = coordination }
                return coordination
            }
        ) { server in
            let coordination = try #require(held.withLockedValue { $0 })
            let client = try await server.connect(
                sending: "GET /stream?user_id=ada&project_id=p1 HTTP/1.1\r\nHost: test\r\n\r\n")
            try await coordination.until(waiting: 1)
            let answer = try await server.send("POST", "/revoke", #"{"user_id":"ada"}"#, token: Self.token)
            #expect(answer.body == #"{"closed":1,"silent_nodes":[]}"#)
            coordination.release()
            try await client.receive(#""reason":"revoked","reconnect":false"#)
            try await client.receiveAll()
        }
    }

    @Test func `a stream that is still being judged is revoked, whatever was said of it before`() async throws {
        let book = TokenBook()
        let application = Application()
        try await TestServer.run(try Self.configuration(), access: book.judge(application)) { server in
            for user in ["ada", "bob"] { try book.issue(user, to: user) }
            application.state.withLockedValue { $0.isHolding = true }
            let open = { (user: String, project: String) in
                try await server.connect(
                    sending: "GET /stream?project_id=\(project) HTTP/1.1\r\nHost: test\r\n"
                        + "Authorization: Bearer \(user)\r\n\r\n")
            }
            let ada = try await open("ada", "p1")
            let elsewhere = try await open("ada", "p2")
            let bob = try await open("bob", "p1")
            try await eventually("all are being judged") { application.state.withLockedValue { $0.asked == 3 } }
            let body = #"{"user_id":"ada","project_id":"p1"}"#
            let answer = try await server.send("POST", "/revoke", body, token: Self.token)
            #expect(answer.body == #"{"closed":0,"silent_nodes":[]}"#)
            application.state.withLockedValue { $0.isHolding = false }
            try await ada.receive(#""reason":"revoked","reconnect":false"#)
            try await ada.receiveAll()
            for other in [elsewhere, bob] { try await other.receive("event: connected") }
            // Who asks after that is judged anew.
            let again = try await server.stream("project_id=p1&channels=chat", token: "ada")
            #expect(again.end == nil)
        }
    }

    @Test func `whoever remembers a user's rights is told`() async throws {
        try await TestServer.run(try Self.configuration()) { server in
            let told = NIOLockedValueBox<[String]>([])
            server.hub.whenRevoked { user, project in
                told.withLockedValue { $0.append("\(user.rawValue) \(project?.rawValue ?? "-")") }
            }
            for body in [#"{"user_id":"ada","project_id":"p1"}"#, #"{"user_id":"ada"}"#] {
                let answer = try await server.send("POST", "/revoke", body, token: Self.token)
                #expect(answer.status == 200)
            }
            #expect(told.withLockedValue { $0 } == ["ada p1", "ada -"])
        }
    }
}
