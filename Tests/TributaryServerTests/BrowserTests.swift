import Foundation
import HTTPTypes
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// What browsers get, over HTTP.
@Suite struct BrowserTests {
    private static let app = "https://app.example"
    private static let evil = "https://evil.example"

    private static func configuration() throws -> ServerConfiguration {
        var configuration = TestServer.patient
        configuration.browsers.origins = [try WebOrigin(app)]
        return configuration
    }

    /// The answer to a request with these header fields beside `Host`.
    private static func ask(
        _ server: TestServer, _ method: String, _ target: String, _ fields: [String] = [], _ body: String = ""
    ) async throws -> Answer {
        let lines = ["\(method) \(target) HTTP/1.1", "Host: hub.example", "Connection: close"] + fields
        return try await Answer(
            server.exchange(
                (lines + ["Content-Length: \(body.utf8.count)", "", body]).joined(separator: "\r\n")))
    }

    /// Requests and what becomes of them, by whichever part of the server answers.
    private static let answers: [(request: String, status: Int)] = [
        ("GET /healthz", 200), ("GET /history", 200), ("GET /stats", 200), ("HEAD /stream", 200),
        ("GET /favicon.ico", 204), ("GET /nothing", 404), ("DELETE /stream", 405), ("GET /history?limit=x", 400),
        ("GET /stream?channels=nope", 400), ("POST /publish", 400), ("OPTIONS /publish", 204),
        ("OPTIONS /nothing", 404), ("TRACE /stats", 405),
    ]

    @Test func `with CORS on, every answer depends on the origin, and says so`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            for (request, status) in Self.answers {
                let parts = request.split(separator: " ").map(String.init)
                for origin in [nil, Self.app, Self.evil, "null"] {
                    let fields = origin.map { ["Origin: \($0)"] } ?? []
                    // Another origin's page must not even send a POST, here where nobody is asked who they are.
                    let isForeign = parts[0] == "POST" && origin != nil && origin != Self.app
                    let answer = try await Self.ask(server, parts[0], parts[1], fields)
                    let place = "\(request) \(origin ?? "-")"
                    #expect(answer.status == (isForeign ? 403 : status), "\(place) \(answer.status)")
                    #expect(answer.field("Vary") == "Origin", "\(place)")
                    let isAllowed = origin == Self.app
                    #expect(answer.field("Access-Control-Allow-Origin") == (isAllowed ? Self.app : nil), "\(place)")
                    #expect(answer.field("Access-Control-Allow-Credentials") == (isAllowed ? "true" : nil), "\(place)")
                    #expect((answer.field("Access-Control-Expose-Headers") != nil) == isAllowed, "\(place)")
                }
            }
        }
    }

    @Test func `so does a stream, and what the connection itself refuses`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            for (origin, allowed) in [(Self.app, Self.app), (Self.evil, nil)] {
                let client = try await server.connect(
                    sending: "GET /stream HTTP/1.1\r\nHost: hub.example\r\nOrigin: \(origin)\r\n\r\n")
                try await client.events(count: 1)
                let head = try Answer(client.received)
                #expect(head.status == 200 && head.field("Vary") == "Origin")
                #expect(head.field("Access-Control-Allow-Origin") == allowed)
                await client.close()
                let large = try await Answer(
                    server.exchange("POST /publish HTTP/1.1\r\nOrigin: \(origin)\r\nContent-Length: 2000000\r\n\r\n"))
                #expect(large.status == 413 && large.field("Vary") == "Origin")
                #expect(large.field("Access-Control-Allow-Origin") == allowed)
            }
            // The second request on a connection has no origin of its own, and not the first one's.
            let text = try await server.exchange(
                "GET /healthz HTTP/1.1\r\nOrigin: \(Self.app)\r\n\r\nGET / HTTP/9.9\r\n\r\n")
            let second = try Answer(String(text[try #require(text.range(of: "HTTP/1.1 505")).lowerBound...]))
            #expect(second.field("Vary") == "Origin" && second.field("Access-Control-Allow-Origin") == nil)
            let twice = try await Self.ask(
                server, "GET", "/healthz", ["Origin: \(Self.app)", "Origin: \(Self.evil)"])
            #expect(twice.field("Access-Control-Allow-Origin") == nil)
        }
    }

    @Test func `every answer keeps browsers from guessing, embedding and telling`() async throws {
        try await TestServer.run { server in
            for (request, status) in Self.answers {
                let parts = request.split(separator: " ").map(String.init)
                let answer = try await Self.ask(server, parts[0], parts[1])
                #expect(answer.status == status && answer.field("Vary") == nil, "\(request)")
                #expect(answer.field("X-Content-Type-Options") == "nosniff", "\(request)")
                #expect(answer.field("Referrer-Policy") == "no-referrer", "\(request)")
                #expect(answer.field("Cross-Origin-Resource-Policy") == "same-origin", "\(request)")
                let policy = answer.field("Content-Security-Policy")
                #expect(policy == "default-src 'none'; frame-ancestors 'none'", "\(request)")
                #expect(answer.field("Strict-Transport-Security") == nil, "\(request)")
            }
        }
    }

    @Test func `every path answers a preflight, without a credential`() async throws {
        var browsers = BrowserConfiguration()
        browsers.origins = [try WebOrigin(Self.app)]
        let access = try Access.guarded(browsers: browsers)
        try await TestServer.run(access: { _ in access }) { server in
            let admission = StreamAdmission(hub: server.hub, access: access, configuration: TestServer.patient)
            let routes = APIRoutes(
                hub: server.hub, admission: admission, access: access,
                limiter: PublishLimiter(PublishingConfiguration())
            ).all
            for path in Set(routes.map(\.path)) {
                var methods = routes.filter { $0.path == path }.map(\.method.rawValue)
                if methods.contains("GET") { methods.append("HEAD") }
                if path == "stream" { methods.append("GET") }
                let target = "/" + path.replacing(":", with: "")
                let asking = ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"]
                let answer = try await Self.ask(server, "OPTIONS", target, asking + ["Origin: \(Self.app)"])
                #expect(answer.status == 204 && answer.body.isEmpty, "\(path)")
                #expect(answer.field("Access-Control-Allow-Origin") == Self.app, "\(path)")
                for name in ["Access-Control-Allow-Methods", "Allow"] {
                    let told = answer.field(name)?.components(separatedBy: ", ") ?? []
                    #expect(told.sorted() == Set(methods).sorted(), "\(path) \(told)")
                }
                #expect(answer.field("Access-Control-Max-Age") == "600", "\(path)")
                let allowed = answer.field("Access-Control-Allow-Headers")?.components(separatedBy: ", ") ?? []
                #expect(allowed.contains("Authorization") && allowed.contains("traceparent"), "\(path)")
                for origin in [Self.evil, "null"] {
                    let refused = try await Self.ask(server, "OPTIONS", target, asking + ["Origin: \(origin)"])
                    #expect(refused.status == 403 && refused.error == "origin_not_allowed", "\(path)")
                    #expect(refused.field("Access-Control-Allow-Origin") == nil, "\(path)")
                    #expect(!refused.head.contains("evil") && !refused.body.contains("evil"), "\(path)")
                }
            }
        }
    }

    @Test func `a cookie counts only for pages that are known`() async throws {
        var browsers = BrowserConfiguration()
        browsers.origins = [try WebOrigin(Self.app)]
        let access = try Access.guarded(browsers: browsers)
        try await TestServer.run(access: { _ in access }) { server in
            let event = #"{"channel":"chat","event":"message.new","data":{}}"#
            let requests = [
                ("GET", "/history", ""), ("HEAD", "/stream", ""), ("POST", "/stream", ""), ("POST", "/publish", event),
                ("GET", "/stream?channels=nope", ""),
            ]
            for (method, target, body) in requests {
                let fine = target.hasSuffix("nope") ? 400 : 200
                let cookie = "Cookie: ada"
                let bearer = "Authorization: Bearer ada"
                let cases: [(fields: [String], status: Int)] = [
                    ([cookie, "Origin: \(Self.evil)"], 403), ([cookie, "Origin: null"], 403),
                    ([cookie, "Origin: https://app.example.evil.example"], 403),
                    ([cookie, "Sec-Fetch-Site: cross-site"], 403), ([cookie, "Sec-Fetch-Site: same-site"], 403),
                    ([cookie], method == "POST" ? 403 : fine), ([cookie, "Origin: \(Self.app)"], fine),
                    ([cookie, "Origin: https://hub.example"], fine), ([cookie, "Sec-Fetch-Site: same-origin"], fine),
                    ([bearer], fine), ([bearer, "Origin: \(Self.evil)"], fine), ([bearer, "Origin: null"], fine),
                ]
                for (fields, status) in cases {
                    let answer = try await Self.ask(server, method, target, fields, body)
                    #expect(answer.status == status, "\(method) \(target) \(fields)")
                    if status == 403, method != "HEAD" { #expect(answer.error == "origin_not_allowed") }
                }
            }
        }
    }

    @Test func `where nobody is asked, another site's page may not publish`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            let stream = try await server.stream("channels=chat")
            let event = #"{"channel":"chat","event":"message.new","data":"x"}"#
            // What a form or a script of any page can send without a preflight.
            let simple = "Content-Type: text/plain"
            for fields in [["Origin: \(Self.evil)"], ["Origin: null"], ["Sec-Fetch-Site: cross-site"]] {
                let answer = try await Self.ask(server, "POST", "/publish", fields + [simple], event)
                #expect(answer.status == 403 && answer.error == "origin_not_allowed", "\(fields)")
            }
            let typing = try await Self.ask(server, "POST", "/typing", ["Origin: \(Self.evil)"], #"{"state":"start"}"#)
            #expect(typing.status == 403)
            let known = ["Origin: \(Self.app)", "Origin: http://hub.example", "Sec-Fetch-Site: same-origin"]
            for field in known + ["Accept: */*"] {
                let answer = try await Self.ask(server, "POST", "/publish", [field, simple], event)
                #expect(answer.status == 200, "\(field)")
            }
            let events = try await stream.events(count: 5)
            #expect(events.dropFirst().map(\.event) == Array(repeating: "message.new", count: 4))
        }
    }
}
