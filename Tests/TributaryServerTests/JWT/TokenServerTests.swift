import Foundation
import Logging
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// Tokens as they come over HTTP, to a hub with `--auth jwt`.
@Suite struct TokenServerTests {
    private static func configuration(_ change: (inout JWTConfiguration) -> Void = { _ in }) throws
        -> ServerConfiguration
    {
        var configuration = TestServer.patient
        configuration.authentication = [.jwt]
        configuration.jwt = try .forged(change)
        return configuration
    }

    /// A token that holds for an hour from now on.
    private static func token(_ claims: String = #""tributary":{"projects":["p1"]}"#, seconds: Int = 3_600) -> String {
        let end = Int(Instant.now.milliseconds / 1_000) + seconds
        return Forge.token(exactly: #"{"sub":"ada","exp":\#(end),\#(claims)}"#)
    }

    @Test func `a stream opens with a token from each place, and is its user's`() async throws {
        try await TestServer.run(try Self.configuration { $0.cookie = "session" }) { server in
            let token = Self.token()
            for (query, field) in [
                ("project_id=p1", "Authorization: Bearer \(token)"), ("project_id=p1", "Cookie: session=\(token)"),
                ("project_id=p1&token=\(token)", "X: y"),
            ] {
                let client = try await server.connect(
                    sending: "GET /stream?\(query) HTTP/1.1\r\nHost: test\r\n\(field)\r\n\r\n")
                let connected = try await client.events(count: 1)
                #expect(connected[0].data.contains(#""user_id":"ada""#) && connected[0].data.contains(#""p1""#))
                await client.close()
            }
        }
    }

    @Test func `a stream that may not be opened is told why`() async throws {
        try await TestServer.run(try Self.configuration()) { server in
            let now = Int(Instant.now.milliseconds / 1_000)
            for (query, status, code) in [
                ("project_id=p1", 401, "unauthorized"),
                ("project_id=p1&token=\(Self.token(seconds: -1))", 401, "token_expired"),
                ("project_id=p1&token=\(Self.token())x", 401, "invalid_token"),
                ("project_id=p1&token=\(Self.token(#""nbf":\#(now + 60)"#))", 401, "invalid_token"),
                ("project_id=p2&token=\(Self.token())", 403, "project_forbidden"),
                ("project_id=p1&token=\(Self.token(#""x":1"#))", 403, "project_forbidden"),
                ("project_id=p1&user_id=eve&token=\(Self.token())", 403, "user_mismatch"),
                (
                    "project_id=p1&channels=jobs&token="
                        + Self.token(#""tributary":{"projects":["p1"],"channels":["chat"]}"#), 403, "channel_forbidden"
                ),
            ] {
                for method in ["GET", "POST"] {
                    let answer = try await server.get("/stream?\(query)", method: method)
                    #expect(answer.status == status && answer.error == code, "\(method) \(query): \(answer.body)")
                    #expect(!answer.body.contains("eyJ") && !answer.head.contains("eyJ"))
                    guard status == 401 else { continue }
                    let challenge = code == "unauthorized" ? "Bearer" : #"Bearer error="invalid_token""#
                    #expect(answer.field("WWW-Authenticate") == challenge)
                }
            }
        }
    }

    @Test func `an operator by token asks what operators ask, and no one else does`() async throws {
        try await TestServer.run(try Self.configuration()) { server in
            let admin = Self.token(#""tributary":{"admin":true}"#)
            let user = Self.token()
            for (target, token, status) in [
                ("/connections", admin, 200), ("/connections", user, 403),
                // An operator reads no more than its token grants.
                ("/history?project_id=p1&channel=chat", admin, 403), ("/history?project_id=p1&channel=chat", user, 200),
            ] {
                let answer = try await server.send("GET", target, token: token)
                #expect(answer.status == status, "\(target): \(answer.body)")
            }
            let nobody = try await server.get("/connections")
            #expect(nobody.status == 401)
        }
    }

    @Test func `a token publishes what it grants`() async throws {
        try await TestServer.run(try Self.configuration()) { server in
            let event = #"{"channel":"chat","project_id":"p1","event":"typing.start","data":{}}"#
            let granted = Self.token(
                #""tributary":{"projects":["p1"],"publish":{"channels":["chat"],"events":["typing.*"]}}"#)
            #expect(try await server.send("POST", "/publish", event, token: granted).status == 200)
            let none = try await server.send("POST", "/publish", event, token: Self.token())
            #expect(none.status == 403 && none.error == "publish_forbidden")
            let elsewhere = event.replacing("typing.start", with: "message.new")
            #expect(try await server.send("POST", "/publish", elsewhere, token: granted).error == "event_forbidden")
        }
    }

    @Test func `no token stands in the log, whatever becomes of its request`() async throws {
        let (logger, text) = LogRecorder.logger()
        let good = Self.token(#""tributary":{"projects":["p1"],"admin":true,"publish":{"channels":"*"}}"#)
        let tokens = [
            good, Self.token(seconds: -1), Self.token() + "x", Forge.token(header: #"{"alg":"none"}"#), "opaque-secret",
            GoldenTokens.rs256,
        ]
        let configuration = try Self.configuration { $0.cookie = "session" }
        try await TestServer.run(configuration, logger: logger) { server in
            for token in tokens {
                for target in [
                    "/stream", "/history", "/stats", "/metrics", "/connections", "/presence", "/publish", "/nowhere",
                    "/typing", "/stream/x/channels", "/readyz", "/explain",
                ] {
                    let query = "?project_id=p1&channel=chat&token=\(token)"
                    for method in target == "/stream" ? ["HEAD", "POST"] : ["GET", "POST"] {
                        _ = try await server.get(target + query, method: method)
                        _ = try await server.send(method, target, "{", token: token)
                        let cookie = "Cookie: session=\(token)\r\nConnection: close\r\n"
                        _ = try await server.exchange("\(method) \(target) HTTP/1.1\r\nHost: t\r\n\(cookie)\r\n")
                    }
                }
                // Heads that break the rules.
                _ = try await server.exchange("GET /stream?token=\(token) HTTP/1.1\r\nHost: t\r\nbad header\r\n\r\n")
                _ = try await server.get("/stream?token=\(token)%zz")
                _ = try await server.exchange("GET /stats?token=\(token) HTTP/7.0\r\nHost: t\r\n\r\n")
            }
            let stream = try await server.stream("project_id=p1&token=\(good)")
            let stats = try await server.send("GET", "/stats", token: good)
            let connections = try await server.send("GET", "/connections", token: good)
            #expect(stats.status == 200 && connections.status == 200)
            #expect(!(stats.body + connections.body).contains("eyJ"))
            await stream.close()
        }
        let log = text()
        #expect(!log.isEmpty, "the log was recorded")
        for token in tokens {
            for part in token.split(separator: ".") { #expect(!log.contains(part), "\(part)") }
        }
        #expect(!log.contains("token="))
    }

    @Test func `a hub that could believe no token does not start`() {
        var configuration = TestServer.patient
        configuration.authentication = [.jwt]
        #expect(throws: ListenError.self) { try configuration.validate() }
    }
}
