import Foundation
import NIOCore
import Testing
import TributaryTesting

@testable import TributaryServer

/// The files that browsers fetch from the hub.
@Suite struct StaticAssetTests {
    private static func ask(
        _ server: TestServer, _ method: String, _ target: String, _ fields: [String] = []
    ) async throws -> Answer {
        let lines = ["\(method) \(target) HTTP/1.1", "Host: hub.example", "Connection: close"] + fields
        return try await Answer(server.exchange((lines + ["", ""]).joined(separator: "\r\n")))
    }

    @Test func `the client's files are there, for pages of every origin`() async throws {
        try await TestServer.run { server in
            for (name, type) in [
                ("tributary.js", "text/javascript; charset=utf-8"), ("tributary.d.ts", "text/plain; charset=utf-8"),
                ("tributary-react.js", "text/javascript; charset=utf-8"),
                ("tributary-react.d.ts", "text/plain; charset=utf-8"), ("package.json", "application/json"),
            ] {
                let answer = try await Self.ask(server, "GET", "/client/\(name)", ["Origin: https://other.example"])
                #expect(answer.status == 200 && !answer.body.isEmpty, "\(name)")
                #expect(answer.field("Content-Type") == type, "\(name)")
                #expect(answer.field("Access-Control-Allow-Origin") == "*", "\(name)")
                #expect(answer.field("Cross-Origin-Resource-Policy") == "cross-origin", "\(name)")
                #expect(answer.field("X-Content-Type-Options") == "nosniff", "\(name)")
                let head = try await Self.ask(server, "HEAD", "/client/\(name)")
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(head.field("Content-Length") == answer.field("Content-Length"))
            }
            #expect(try await server.get("/client/nothing.js").status == 404)
            #expect(try await server.get("/client/tributary.js", method: "POST").status == 405)
        }
    }

    @Test func `an allowed origin is named, so that credentials may come along`() async throws {
        var configuration = TestServer.patient
        configuration.browsers.origins = [try WebOrigin("https://app.example")]
        try await TestServer.run(configuration) { server in
            let known = try await Self.ask(server, "GET", "/client/tributary.js", ["Origin: https://app.example"])
            #expect(known.field("Access-Control-Allow-Origin") == "https://app.example")
            #expect(known.field("Access-Control-Allow-Credentials") == "true")
            let other = try await Self.ask(server, "GET", "/client/tributary.js", ["Origin: https://other.example"])
            #expect(other.field("Access-Control-Allow-Origin") == "*")
            #expect(other.field("Access-Control-Allow-Credentials") == nil)
            #expect(known.field("Vary") == "Origin" && other.field("Vary") == "Origin")
        }
    }

    @Test func `only a URL with the file's own version is kept for good`() async throws {
        try await TestServer.run { server in
            let asset = try #require(BrowserClient.assets.first)
            for version in [BrowserClient.version, asset.digest] {
                let answer = try await server.get("/client/tributary.js?v=\(version)")
                #expect(answer.field("Cache-Control") == "public, max-age=31536000, immutable", "\(version)")
            }
            for query in ["", "?v=", "?v=0.0.1", "?w=\(BrowserClient.version)"] {
                let answer = try await server.get("/client/tributary.js\(query)")
                #expect(answer.status == 200 && answer.field("Cache-Control") == "no-cache", "\(query)")
            }
        }
    }

    @Test func `what a browser has already is not sent again`() async throws {
        try await TestServer.run { server in
            let tag = try #require(try await server.get("/client/tributary.js").field("ETag"))
            for known in [tag, "W/\(tag)", "\"x\", \(tag)", "\"x\",W/\(tag) , \"y\"", "*"] {
                let answer = try await Self.ask(server, "GET", "/client/tributary.js", ["If-None-Match: \(known)"])
                #expect(answer.status == 304 && answer.body.isEmpty, "\(known)")
                #expect(answer.field("ETag") == tag && answer.field("Cache-Control") == "no-cache", "\(known)")
            }
            for other in ["\"x\"", String(tag.dropLast(2)) + "\"", "\(tag)x", "x"] {
                let answer = try await Self.ask(server, "GET", "/client/tributary.js", ["If-None-Match: \(other)"])
                #expect(answer.status == 200, "\(other)")
            }
        }
    }

    @Test func `the package has the version that the hub serves`() throws {
        let package = try #require(BrowserClient.assets.first { $0.path.hasSuffix("package.json") })
        let fields = try JSONSerialization.jsonObject(with: Data(package.bytes.readableBytesView)) as? [String: Any]
        #expect(fields?["version"] as? String == BrowserClient.version)
        #expect(Set(BrowserClient.assets.map(\.digest)).count == BrowserClient.assets.count)
    }
}
