import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// Streams that live as long as a credential, and are renewed with another.
@Suite struct StreamTokenTests {
    private static let adminToken = "0123456789abcdef"
    private static let publisherToken = "fedcba9876543210"

    private static func configuration() throws -> ServerConfiguration {
        var configuration = TestServer.patient
        configuration.adminToken = try BearerToken(adminToken)
        configuration.publishing.token = try BearerToken(publisherToken)
        return configuration
    }

    private static func channel(_ name: String) throws -> ChannelSet {
        ChannelSet(index: try #require(try Catalog.bundled().index(of: name)))
    }

    private static func isExpired(_ text: String) -> Bool {
        text.contains(#""reason":"auth_expired","reconnect":true"#)
    }

    @Test func `a stream ends with its token`() async throws {
        let book = TokenBook()
        try await TestServer.run(access: book.judge()) { server in
            try book.issue("short", to: "ada", expiresAt: .after(seconds: 2))
            let stream = try await server.stream("project_id=p1&channels=chat", token: "short")
            try await stream.receive(where: Self.isExpired)
            try await stream.receiveAll()
            let figures = try await server.figures { $0.streams.open == 0 }
            #expect(figures.streams.closedTotal["auth_expired"] == 1)
            let refused = try await server.send("HEAD", "/stream?project_id=p1", token: "short")
            #expect(refused.status == 401)
        }
    }

    @Test func `a token that has ended opens nothing`() async throws {
        let book = TokenBook()
        try await TestServer.run(access: book.judge()) { server in
            try book.issue("old", to: "ada", expiresAt: .after(seconds: 0))
            let answer = try await server.send("GET", "/stream", token: "old")
            #expect(answer.status == 401 && answer.error == "credential_expired")
            #expect(answer.field("WWW-Authenticate") == #"Bearer error="invalid_token""#)
            #expect(await server.hub.statistics().streams.openedTotal == 0)
        }
    }

    @Test(arguments: ["header", "body", "body beside an old header"])
    func `a new token counts from the moment it is shown`(_ way: String) async throws {
        let book = TokenBook()
        try await TestServer.run(access: book.judge()) { server in
            try book.issue("first", to: "ada", expiresAt: .after(seconds: 3_600))
            let end = Instant.after(seconds: 2)
            try book.issue("second", to: "ada", channels: try Self.channel("chat"), expiresAt: end)
            let stream = try await server.stream("project_id=p1&channels=chat,jobs", token: "first")
            let id = try stream.connectionID()
            let target = "/stream/\(id)/token"
            let answer =
                switch way {
                case "header": try await server.send("POST", target, token: "second")
                case "body": try await server.send("POST", target, #"{"token":"second"}"#)
                default: try await server.send("POST", target, #"{"token":"second"}"#, token: "first")
                }
            #expect(answer.status == 200)
            #expect(answer.body == #"{"connection_id":"\#(id)","expires_at":"\#(end.iso8601)"}"#)
            try await stream.receive("event: subscribed")
            #expect(stream.received.contains(#""channels":["chat"],"#))
            try await stream.receive(where: Self.isExpired)
            try await stream.receiveAll()
            #expect(try await server.send("POST", target, token: "first").error == "connection_not_found")
        }
    }

    @Test func `a token without an end lets a stream stay`() async throws {
        let book = TokenBook()
        try await TestServer.run(access: book.judge()) { server in
            try book.issue("first", to: "ada", expiresAt: .after(seconds: 3_600))
            try book.issue("endless", to: "ada")
            let stream = try await server.stream("project_id=p1&channels=chat", token: "first")
            let id = try stream.connectionID()
            let answer = try await server.send("POST", "/stream/\(id)/token", "{}", token: "endless")
            #expect(answer.status == 200 && answer.body == #"{"connection_id":"\#(id)"}"#)
            await stream.close()
        }
    }

    @Test func `only the stream's own user may, with what opens its project`() async throws {
        let book = TokenBook()
        try await TestServer.run(try Self.configuration(), access: book.judge()) { server in
            let chat = try Self.channel("chat")
            try book.issue("ada", to: "ada", channels: chat)
            try book.issue("eve", to: "eve")
            try book.issue("over", to: "ada", expiresAt: .after(seconds: 0))
            try book.issue("elsewhere", to: "ada", projects: .some([try ProjectID("p2")]))
            try book.issue("jobs", to: "ada", channels: try Self.channel("jobs"))
            let stream = try await server.stream("project_id=p1", token: "ada")
            let id = try stream.connectionID()
            let none = "0123456789abcdef0123456789abcdef"
            for (token, id, body, status, code) in [
                (nil, id, "", 401, "unauthorized"), ("nobody's", id, "", 401, "unauthorized"),
                ("over", id, "", 401, "credential_expired"), ("ada", id, #"{"token":"nobody's"}"#, 401, "unauthorized"),
                ("eve", id, "", 404, "connection_not_found"),
                ("ada", id, #"{"token":"eve"}"#, 404, "connection_not_found"),
                ("ada", none, "", 404, "connection_not_found"), ("ada", "x", "", 404, "connection_not_found"),
                (Self.publisherToken, id, #"{"user_id":"ada"}"#, 404, "connection_not_found"),
                (Self.adminToken, id, #"{"user_id":"ada"}"#, 400, "nothing_to_renew"),
                ("ada", id, #"{"user_id":"eve"}"#, 403, "user_mismatch"),
                ("elsewhere", id, "", 403, "project_forbidden"), ("jobs", id, "", 403, "channel_forbidden"),
                ("ada", id, "[]", 400, "malformed_json"), ("ada", id, #"{"token":7}"#, 400, "invalid_token"),
                ("ada", id, #"{"token":""}"#, 400, "invalid_token"),
                ("ada", id, #"{"token":"a\r\nb"}"#, 400, "invalid_token"),
            ] as [(String?, String, String, Int, String)] {
                let answer = try await server.send("POST", "/stream/\(id)/token", body, token: token)
                #expect(answer.status == status && answer.error == code, "\(token ?? "-") \(body): \(answer.body)")
                #expect(!answer.body.contains("nobody's"))
            }
            let twice = try await server.send("POST", "/stream/\(id)/token?token=a", #"{"token":"ada"}"#)
            #expect(twice.status == 400 && twice.error == "repeated_parameter")
            #expect(try await server.send("GET", "/stream/\(id)/token", token: "ada").status == 405)
            // Nothing of that touched the stream.
            #expect(stream.end == nil && !stream.received.contains("event: subscribed"))
            let renewed = try await server.send("POST", "/stream/\(id)/token", #"{"user_id":"ada"}"#, token: "ada")
            #expect(renewed.status == 200)
            await stream.close()
        }
    }

    @Test func `where nobody is asked who they are, there is nothing to renew`() async throws {
        try await TestServer.run { server in
            let stream = try await server.stream("user_id=ada&project_id=p1&channels=chat")
            let answer = try await server.send("POST", "/stream/\(try stream.connectionID())/token?user_id=ada")
            #expect(answer.status == 400 && answer.error == "nothing_to_renew")
            await stream.close()
        }
    }

    /// A node that hears of others soon.
    private static func member(_ name: String) -> (inout HubConfiguration) -> Void {
        { configuration in
            configuration.node = name
            configuration.beatMilliseconds = 100
        }
    }

    @Test func `any node takes a new token`() async throws {
        let book = TokenBook()
        let shared = NIOLockedValueBox<MemoryCoordination?>(nil)
        try await TestServer.run(
            hub: Self.member("one"),
            coordination: { own in
                shared.withLockedValue { $0 = own }
                return own
            },
            access: book.judge()
        ) { one in
            try await TestServer.run(
                hub: Self.member("two"),
                coordination: { own in shared.withLockedValue { $0 } ?? own },
                access: book.judge()
            ) { two in
                one.relay.join(two.relay)
                for server in [one, two] {
                    try await server.until("/stats?scope=cluster") { ($0["nodes"] as? [Any])?.count == 2 }
                }
                try book.issue("first", to: "ada", expiresAt: .after(seconds: 3_600))
                try book.issue("eve", to: "eve")
                try book.issue("second", to: "ada", channels: try Self.channel("chat"), expiresAt: .after(seconds: 3))
                let stream = try await one.stream("project_id=p1&channels=chat,jobs", token: "first")
                let target = "/stream/\(try stream.connectionID())/token"
                #expect(try await two.send("POST", target, token: "eve").error == "connection_not_found")
                #expect(try await two.send("POST", target, token: "second").status == 200)
                try await stream.receive("event: subscribed")
                #expect(stream.received.contains(#""channels":["chat"],"#))
                try await stream.receive(where: Self.isExpired)
                #expect(try await two.send("POST", target, token: "first").error == "connection_not_found")
            }
        }
    }
}
