import NIOCore
import NIOHTTP1
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// A hub that asks an application, over HTTP on both sides.
@Suite struct ApplicationServerTests {
    private static func configuration(
        _ application: FakeApplication, _ authentication: ServerConfiguration.Authentication
    ) throws -> ServerConfiguration {
        var configuration = TestServer.patient
        configuration.authentication = [authentication]
        configuration.adminToken = try BearerToken("fedcba9876543210")
        configuration.application.endpoint = try ApplicationEndpoint(application.url)
        configuration.application.secret = try BearerToken("0123456789abcdef")
        configuration.application.timeout = RawClient.patience
        return configuration
    }

    private static func get(_ target: String, _ server: TestServer, cookie: String? = nil) async throws -> Answer {
        let cookie = cookie.map { "Cookie: \($0)\r\n" } ?? ""
        return try Answer(
            await server.exchange("GET \(target) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(cookie)\r\n"))
    }

    private static func open(_ query: String, _ server: TestServer, cookie: String? = nil) async throws -> RawClient {
        let cookie = cookie.map { "Cookie: \($0)\r\n" } ?? ""
        let client = try await server.connect(
            sending: "GET /stream?\(query) HTTP/1.1\r\nHost: test\r\n\(cookie)\r\n")
        try await client.events(count: 1)
        return client
    }

    @Test func `each endpoint with a project asks what the user may`() async throws {
        try await FakeApplication.run(answering: .json(#"{"allow":false}"#)) { application in
            application.answer { question in
                let project = question.object["project_id"] as? String
                return .json(project == "p1" ? #"{"allow":true,"channels":["chat"]}"# : #"{"allow":false}"#)
            }
            try await TestServer.run(Self.configuration(application, .disabled)) { server in
                let stream = try await Self.open("user_id=ada&project_id=p1", server)
                #expect(stream.received.contains(#""channels":["chat"]"#))
                #expect(try await server.get("/history?user_id=ada&project_id=p1&channel=chat").status == 200)
                let event = #"{"channel":"chat","project_id":"p1","event":"message.new","data":1}"#
                #expect(try await server.publish(event).status == 200)
                try await stream.receive("event: message.new")
                for target in ["/stream", "/history", "/presence"] {
                    let answer = try await server.get("\(target)?user_id=ada&project_id=p2")
                    #expect(answer.status == 403 && answer.error == "project_forbidden", "\(target)")
                }
                for (target, body) in [
                    ("/presence", #"{"user_id":"ada","project_id":"p2","status":"away"}"#),
                    ("/typing", #"{"user_id":"ada","project_id":"p2","state":"start"}"#),
                    ("/publish", #"{"channel":"chat","project_id":"p2","event":"message.new","data":1}"#),
                ] {
                    let answer = try await server.send("POST", target, body)
                    #expect(answer.status == 403 && answer.error == "project_forbidden", "\(target) \(answer.body)")
                }
                let named = try await server.get("/stream?user_id=ada&project_id=p1&channels=chat,jobs")
                #expect(named.error == "channel_forbidden" && named.object["channel"] as? String == "jobs")
                await stream.close()
            }
            let actions = Set(application.questions.compactMap { $0.object["action"] as? String })
            #expect(actions == ["subscribe", "history", "presence", "typing", "publish"])
            #expect(application.questions.allSatisfy { $0.headers["X-Tributary-Authorize"] == ["0123456789abcdef"] })
        }
    }

    @Test func `a session's cookie opens what its user may, and nothing without it`() async throws {
        try await FakeApplication.run(answering: .json("{}", status: 401)) { application in
            application.answer { question in
                guard question.headers["Cookie"] == ["sid=ada"] else { return .json("{}", status: 401) }
                return .json(#"{"allow":true,"user_id":"ada"}"#)
            }
            try await TestServer.run(Self.configuration(application, .application)) { server in
                let stream = try await Self.open("project_id=p1", server, cookie: "sid=ada")
                #expect(stream.received.contains(#""user_id":"ada""#))
                #expect(try await Self.get("/stream", server).error == "unauthorized")
                #expect(application.questions.count == 1)
                #expect(try await Self.get("/stream", server, cookie: "sid=bob").error == "unauthorized")
                #expect(application.questions.count == 2)
                let other = try await Self.get("/stream?project_id=p1&user_id=bob", server, cookie: "sid=ada")
                #expect(other.status == 403 && other.error == "user_mismatch")
                await stream.close()
            }
        }
    }

    @Test func `an application that is away is 503 with a time, for those that are not known yet`() async throws {
        try await FakeApplication.run(answering: .json(#"{"allow":true}"#)) { application in
            try await TestServer.run(Self.configuration(application, .disabled)) { server in
                #expect(try await server.get("/stream?user_id=ada&project_id=p1", method: "HEAD").status == 200)
                application.answer { _ in .json("{}", status: 503) }
                for number in 0..<7 {
                    let answer = try await server.get("/stream?user_id=u\(number)&project_id=p1")
                    #expect(answer.status == 503 && answer.error == "authorization_unavailable")
                    #expect(answer.field("Retry-After").flatMap { Int($0) }.map { (1...12).contains($0) } == true)
                }
                #expect(try await server.get("/stream?user_id=ada&project_id=p1", method: "HEAD").status == 200)
            }
        }
    }

    @Test func `a user that an operator sends away is asked for again`() async throws {
        try await FakeApplication.run(answering: .json(#"{"allow":true,"ttl":3600}"#)) { application in
            try await TestServer.run(Self.configuration(application, .disabled)) { server in
                let stream = try await Self.open("user_id=ada&project_id=p1", server)
                application.answer { _ in .json(#"{"allow":false}"#) }
                let revoked = try await server.send(
                    "POST", "/revoke", #"{"user_id":"ada"}"#, token: "fedcba9876543210")
                #expect(revoked.object["closed"] as? Int == 1)
                try await stream.receive("event: server_close")
                #expect(try await server.get("/stream?user_id=ada&project_id=p1").error == "project_forbidden")
                await stream.close()
            }
        }
    }

    @Test func `operators and publishers are not asked about`() async throws {
        try await FakeApplication.run(answering: .json(#"{"allow":false}"#)) { application in
            try await TestServer.run(Self.configuration(application, .application)) { server in
                let answer = try await server.send("GET", "/history?project_id=p1", token: "fedcba9876543210")
                #expect(answer.status == 200 && application.questions.isEmpty)
            }
        }
    }
}
