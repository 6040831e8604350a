import NIOCore
import Testing
import TributaryProtocol

@testable import TributaryServer

@Suite struct LivePageTests {
    private static let token = "0123456789abcdef"

    /// How text becomes markup or script.
    private static let markup =
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=", "<style"]

    private static func guarded() throws -> ServerConfiguration {
        var configuration = TestServer.patient
        configuration.adminToken = try BearerToken(token)
        configuration.inspection = .operators
        return configuration
    }

    private static func get(
        _ server: TestServer, _ path: String = "/", accept: String = "text/html", token: String? = nil
    ) async throws -> Answer {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        return try Answer(
            await server.exchange(
                "GET \(path) HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept: \(accept)\r\n\(authorization)\r\n"
            )
        )
    }

    @Test func `on this machine anybody may look`() async throws {
        try await TestServer.run { server in
            let answer = try await Self.get(server)
            #expect(answer.status == 200 && answer.body.hasPrefix("<!doctype html>"))
            #expect(answer.field("content-type") == "text/html; charset=utf-8")
            #expect(answer.field("content-security-policy") == PagePolicy.text)
        }
    }

    @Test func `a browser that has the page keeps its policy`() async throws {
        try await TestServer.run { server in
            let tag = LivePage.document.tag
            let answer = try Answer(
                await server.exchange("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nIf-None-Match: \(tag)\r\n\r\n")
            )
            #expect(answer.status == 304 && answer.field("content-security-policy") == PagePolicy.text)
        }
    }

    @Test func `elsewhere operators may, and a browser is given the page that asks for the token`() async throws {
        try await TestServer.run(Self.guarded()) { server in
            let known = try await Self.get(server, token: Self.token)
            #expect(known.status == 200)
            let program = try await Self.get(server, accept: "*/*")
            #expect(program.status == 401 && program.error == "unauthorized")
            let person = try await Self.get(server)
            #expect(person.status == 401 && person.body.hasPrefix("<!doctype html>"))
            #expect(person.field("content-security-policy") == PagePolicy.text)
            #expect(person.field("cache-control") == "no-store" && person.field("etag") == nil)
            #expect(person.field("www-authenticate") == "Bearer")
        }
    }

    @Test func `where nobody can be an operator it is not there`() async throws {
        var configuration = TestServer.patient
        configuration.inspection = .operators
        try await TestServer.run(configuration) { server in
            for path in ["/", "/page/page.js"] {
                let answer = try await Self.get(server, path)
                #expect(answer.status == 404, "\(path)")
            }
        }
    }

    @Test func `whatever it loads is there, and of its type`() async throws {
        try await TestServer.run { server in
            for asset in LivePage.assets {
                let answer = try await Self.get(server, "/\(asset.path)")
                #expect(answer.status == 200 && answer.field("content-type") == asset.contentType, "\(asset.path)")
            }
            let page = String(buffer: LivePage.document.bytes)
            for path in ["page/page.js", "page/page.css", "page/icon.svg"] { #expect(page.contains("\"\(path)\"")) }
        }
    }

    @Test func `nothing of it stands in line, and no text is taken for markup`() {
        let files = [LivePage.document] + LivePage.assets
        for file in files {
            let text = String(buffer: file.bytes)
            for word in Self.markup { #expect(!text.contains(word), "\(file.path): \(word)") }
        }
    }

    @Test func `it is small, the client included`() {
        let client = BrowserClient.assets.filter { $0.path == "client/tributary.js" }
        let bytes = ([LivePage.document] + LivePage.assets + client).map(\.bytes.readableBytes).reduce(0, +)
        #expect(bytes < 60_000, "\(bytes)")
    }

    @Test func `the demo is there where it is wanted, and its jobs are bounded`() async throws {
        try await TestServer.run { server in
            let (page, job) = (try await Self.get(server, "/demo"), try await server.send("POST", "/demo/jobs"))
            #expect(page.status == 404 && job.status == 404)
        }
        let demo = Demo(files: [.init("", Array("<!doctype html>".utf8), "text/html")]) { $0.rawValue != "full" }
        try await TestServer.run(demo: demo) { server in
            let page = try await Self.get(server, "/demo")
            #expect(page.status == 200 && page.field("content-security-policy") == PagePolicy.text)
            let started = try await server.send("POST", "/demo/jobs?project_id=demo", "{}")
            #expect(started.status == 202)
            let refused = try await server.send("POST", "/demo/jobs?project_id=full", "{}")
            #expect(refused.status == 429 && refused.error == "too_many_jobs")
        }
    }
}
