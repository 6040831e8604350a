import Foundation
import NIOCore
import NIOPosix
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// What operators ask, over HTTP.
@Suite struct OperatorTests {
    private static let token = "0123456789abcdef"

    private static func configuration() throws -> ServerConfiguration {
        var configuration = TestServer.patient
        configuration.adminToken = try BearerToken(token)
        return configuration
    }

    /// Each request that only an operator may make.
    private static let requests = [
        ("GET", "/connections", ""), ("GET", "/debug/connections/u1/p1", ""),
        ("DELETE", "/connections/0123456789abcdef0123456789abcdef", ""), ("POST", "/revoke", #"{"user_id":"u1"}"#),
        ("GET", "/explain?user_id=u1&project_id=p1&id=1", ""), ("HEAD", "/connections", ""), ("PUT", "/revoke", ""),
    ]

    @Test func `without an operator, their paths are unknown like any other`() async throws {
        try await TestServer.run { server in
            for (method, target, body) in Self.requests {
                for token in [nil, Self.token] {
                    let answer = try await server.send(method, target, body, token: token)
                    let unknown = try await server.send(method, "/nothing/at/all", body, token: token)
                    #expect(answer.status == 404 && answer.body == unknown.body, "\(method) \(target)")
                    let names = { (answer: Answer) in
                        answer.head.components(separatedBy: "\r\n").filter { !$0.hasPrefix("Date: ") }
                    }
                    #expect(names(answer) == names(unknown), "\(method) \(target)")
                }
            }
        }
    }

    @Test func `with one, a missing or a wrong token is 401`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            for (method, target, body) in Self.requests where method != "PUT" {
                for token in [nil, "", "0123456789abcdeF", Self.token + "0"] {
                    let answer = try await server.send(method, target, body, token: token)
                    #expect(answer.status == 401, "\(method) \(target) \(token ?? "none")")
                    #expect(answer.field("WWW-Authenticate") == "Bearer")
                    #expect(method == "HEAD" || answer.error == "unauthorized")
                }
            }
            #expect(try await server.send("PUT", "/revoke", token: Self.token).status == 405)
            let basic = "GET /connections HTTP/1.1\r\nConnection: close\r\nAuthorization: Basic \(Self.token)\r\n\r\n"
            #expect(try await Answer(server.exchange(basic)).status == 401)
            // The scheme's name is not case-sensitive.
            let lower = "GET /connections HTTP/1.1\r\nConnection: close\r\nauthorization: bearer \(Self.token)\r\n\r\n"
            #expect(try await Answer(server.exchange(lower)).status == 200)
        }
    }

    @Test(arguments: [
        ("GET", "/connections?limit=0", "", 400, "invalid_limit"),
        ("GET", "/connections?limit=10001", "", 400, "invalid_limit"),
        ("GET", "/connections?user_id=", "", 400, "invalid_user_id"),
        ("GET", "/connections?project_id=a%20b", "", 400, "invalid_project_id"),
        ("GET", "/connections?project_id=a&projectId=a", "", 400, "repeated_parameter"),
        ("GET", "/debug/connections/u%zz/p", "", 400, "malformed_path"),
        ("GET", "/debug/connections/u/p%20q", "", 400, "invalid_project_id"),
        ("GET", "/debug/connections/u", "", 404, "not_found"),
        ("DELETE", "/connections/x", "", 404, "connection_not_found"),
        ("DELETE", "/connections/0123456789abcdef0123456789abcdef", "", 404, "connection_not_found"),
        ("POST", "/revoke", "", 400, "malformed_json"),
        ("POST", "/revoke", "{}", 400, "missing_user_id"),
        ("POST", "/revoke", #"{"user_id":7}"#, 400, "invalid_user_id"),
        ("POST", "/revoke", #"{"user_id":"u","project_id":"a b"}"#, 400, "invalid_project_id"),
        ("GET", "/explain", "", 400, "missing_user_id"),
        ("GET", "/explain?user_id=u", "", 400, "missing_id"),
        ("GET", "/explain?user_id=u&id=0", "", 400, "invalid_id"),
        ("GET", "/explain?user_id=u&id=x", "", 400, "invalid_id"),
    ])
    func `what is wrong is told`(
        _ method: String, _ target: String, _ body: String, _ status: Int, _ code: String
    ) async throws {
        try await TestServer.run(Self.configuration()) { server in
            let answer = try await server.send(method, target, body, token: Self.token)
            #expect(answer.status == status && answer.error == code, "\(answer.body)")
        }
    }

    @Test func `open streams are listed, and narrowed to a user and a project`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            let first = try await server.stream(
                "user_id=auth0%7C5f%2F7&project_id=p1&channels=chat&client_instance_id=i1")
            let second = try await server.stream("user_id=ada&project_id=p2")
            let list = { (target: String) in
                let answer = try await server.send("GET", target, token: Self.token)
                #expect(answer.status == 200)
                return answer.object
            }
            let all = try await list("/connections")
            #expect(all["count"] as? Int == 2 && all["more"] as? Bool == false)
            for target in ["/connections?user_id=auth0%7C5f%2F7", "/debug/connections/auth0%7C5f%2F7/p1"] {
                let one = try await list(target)
                let connection = try #require((one["connections"] as? [[String: Any]])?.first)
                #expect(one["count"] as? Int == 1, "\(target)")
                #expect(connection["user_id"] as? String == "auth0|5f/7" && connection["project_id"] as? String == "p1")
                #expect(connection["node"] as? String == "test" && connection["channels"] as? [String] == ["chat"])
                #expect(connection["client_instance_id"] as? String == "i1")
                #expect(connection["address"] as? String == "127.0.0.1")
            }
            #expect(try await list("/connections?project_id=p2")["count"] as? Int == 1)
            #expect(try await list("/debug/connections/ada/p1")["count"] as? Int == 0)
            let limited = try await list("/connections?limit=1")
            #expect((limited["connections"] as? [Any])?.count == 1 && limited["more"] as? Bool == true)
            await first.close()
            await second.close()
        }
    }

    @Test func `an operator closes a stream, and revokes a user's`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            let one = try await server.stream("user_id=u1&project_id=p1")
            let two = try await server.stream("user_id=u1&project_id=p2")
            let three = try await server.stream("user_id=u1&project_id=p3")
            let other = try await server.stream("user_id=u2&project_id=p1")
            let id = try one.connectionID()
            #expect(try await server.send("DELETE", "/connections/\(id)", token: Self.token).status == 204)
            try await one.receive(#""reason":"revoked","reconnect":false"#)
            try await one.receiveAll()
            try await server.figures { $0.streams.open == 3 }
            #expect(try await server.send("DELETE", "/connections/\(id)", token: Self.token).status == 404)

            let project = #"{"user_id":"u1","project_id":"p2"}"#
            let narrow = try await server.send("POST", "/revoke", project, token: Self.token)
            #expect(narrow.status == 200 && narrow.body == #"{"closed":1,"silent_nodes":[]}"#)
            try await two.receive(#""reason":"revoked","reconnect":false"#)
            try await two.receiveAll()
            try await server.figures { $0.streams.open == 2 }
            let wide = try await server.send("POST", "/revoke", #"{"user_id":"u1"}"#, token: Self.token)
            #expect(wide.body == #"{"closed":1,"silent_nodes":[]}"#)
            try await three.receiveAll()
            #expect(other.end == nil)
        }
    }

    @Test func `while a node is lost, what it may have is not said to be gone`() async throws {
        var times = CoordinationTimes()
        times.nodeLost = 0
        let coordination = MemoryCoordination(times: times, eventLoop: MultiThreadedEventLoopGroup.singleton.next()) {
            _, _ in
        }
        try await TestServer.run(
            Self.configuration(), hub: { $0.beatMilliseconds = 20 }, coordination: { _ in coordination }
        ) { server in
            _ = try await coordination.beat("n2", figures: ByteBuffer(string: "{}")).get()
            try await eventually("the node knows of the other") {
                await server.hub.clusterStatistics().nodes.count == 2
            }
            let revoked = try await server.send("POST", "/revoke", #"{"user_id":"u1"}"#, token: Self.token)
            #expect(revoked.body == #"{"closed":0,"silent_nodes":["n2"]}"#)
            let target = "/connections/0123456789abcdef0123456789abcdef"
            let answer = try await server.send("DELETE", target, token: Self.token)
            #expect(answer.status == 503 && answer.error == "coordination_unavailable")
            #expect(answer.field("Retry-After") != nil)
        }
    }

    @Test func `an event is explained`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            let stream = try await server.stream("user_id=u1&project_id=p1&channels=chat")
            let receipt = try await server.publish(
                #"{"channel":"chat","project_id":"p1","event":"message.new","data":1}"#
            )
            let id = try #require(receipt.object["id"] as? Int)
            try await stream.events(count: 2)
            let answer = try await server.send(
                "GET", "/explain?user_id=u1&project_id=p1&id=\(id)", token: Self.token
            )
            #expect(answer.status == 200 && answer.object["id"] as? Int == id)
            let logged = try #require(answer.object["logged"] as? [String: Any])
            #expect(logged["state"] as? String == "found" && logged["channel"] as? String == "chat")
            let nodes = try #require(answer.object["nodes"] as? [[String: Any]])
            let streams = try #require(nodes.first?["streams"] as? [[String: Any]])
            #expect(streams.first?["connection_id"] as? String == (try stream.connectionID()))
            #expect(streams.first?["outcome"] as? String == "delivered")
            #expect(streams.first?["matches"] as? Bool == true && nodes.first?["received"] as? Bool == true)
            // Of one that there is not, nothing is guessed.
            let missing = try await server.send(
                "GET", "/explain?user_id=u1&project_id=p1&id=\(id + 1)", token: Self.token
            )
            let node = try #require((missing.object["nodes"] as? [[String: Any]])?.first)
            let other = try #require((node["streams"] as? [[String: Any]])?.first)
            #expect(other["outcome"] as? String == "unknown" && other["matches"] == nil && node["received"] == nil)
        }
    }
}
