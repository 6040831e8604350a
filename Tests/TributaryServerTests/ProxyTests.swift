import Foundation
import NIOCore
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

/// Whose requests they are that a proxy brings.
@Suite struct ProxyTests {
    private static let token = "0123456789abcdef"

    private static func configuration(
        trusted: [String] = [], _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) throws -> ServerConfiguration {
        var configuration = TestServer.patient
        configuration.transport.trustedProxies = try trusted.map { try IPNetwork($0) }
        change(&configuration)
        return configuration
    }

    private static func user(_ text: String) throws -> String {
        String(try #require(text.firstMatch(of: #/"user_id":"([^"]*)"/#)).output.1)
    }

    private static func stream(_ server: TestServer, _ before: String, _ fields: String = "") async throws -> String {
        let client = try await server.connect(
            sending: before + "GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\n\(fields)\r\n")
        let text = try await client.receive("event: connected")
        await client.close()
        return try user(text)
    }

    @Test func `a trusted proxy's client is who reads, publishes and is counted`() async throws {
        try await TestServer.run(Self.configuration(trusted: ["127.0.0.1"])) { server in
            let forwarded = "X-Forwarded-For: 6.6.6.6, 198.51.100.7\r\n"
            #expect(try await Self.stream(server, "", forwarded) == "198.51.100.7")
            let preflight =
                "POST /stream HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\(forwarded)Content-Length: 0\r\n\r\n"
            #expect(try await Answer(server.exchange(preflight)).object["userId"] as? String == "198.51.100.7")
            // Each request of a connection has a client of its own.
            let kept = try await server.connect(sending: "HEAD /stream HTTP/1.1\r\nHost: t\r\n\(forwarded)\r\n")
            try await kept.receive("HTTP/1.1 200 OK")
            await kept.send("GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 198.51.100.8\r\n\r\n")
            #expect(try await Self.user(kept.receive("event: connected")) == "198.51.100.8")
        }
    }

    @Test func `the limit per address is the client's`() async throws {
        let hub: (inout HubConfiguration) -> Void = { $0.maximumStreamsPerAddress = 1 }
        try await TestServer.run(Self.configuration(trusted: ["127.0.0.0/8"]), hub: hub) { server in
            func open(_ address: String) async throws -> RawClient {
                try await server.connect(
                    sending: "GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: \(address)\r\n\r\n")
            }
            let first = try await open("198.51.100.7")
            try await first.receive("event: connected")
            #expect(try await open("198.51.100.7").receive("}").hasPrefix("HTTP/1.1 429 "))
            try await open("198.51.100.8").receive("event: connected")
        }
    }

    @Test func `anybody else's word is passed over`() async throws {
        for trusted in [[], ["10.0.0.0/8"]] {
            try await TestServer.run(Self.configuration(trusted: trusted)) { server in
                let user = try await Self.stream(server, "", "X-Forwarded-For: 198.51.100.7\r\n")
                #expect(user == "127.0.0.1")
            }
        }
    }

    @Test func `figures are for this machine alone where a proxy brings the world`() async throws {
        let configuration = try Self.configuration(trusted: ["127.0.0.1"]) {
            $0.adminToken = try? BearerToken(Self.token)
        }
        try await TestServer.run(configuration) { server in
            let cases: [(String, Int)] = [
                ("", 200), ("X-Forwarded-For: 127.0.0.1\r\n", 200), ("X-Forwarded-For: 198.51.100.7\r\n", 401),
                ("X-Forwarded-For: 127.0.0.1, 198.51.100.7\r\n", 401),
                ("X-Forwarded-For: 198.51.100.7\r\nAuthorization: Bearer \(Self.token)\r\n", 200),
            ]
            for (fields, status) in cases {
                let answer = try await Self.figures(server, fields)
                #expect(answer.status == status, "\(fields)")
            }
        }
        // A proxy that nobody named gives itself away.
        try await TestServer.run { server in
            for fields in ["X-Forwarded-For: 198.51.100.7\r\n", "Forwarded: for=198.51.100.7\r\n"] {
                let answer = try await Self.figures(server, fields)
                #expect(answer.status == 404, "\(fields)")
            }
        }
    }

    private static func figures(_ server: TestServer, _ fields: String) async throws -> Answer {
        try await Answer(
            server.exchange("GET /stats HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\(fields)\r\n"))
    }

    @Test func `the header of the PROXY protocol says whose connection it is`() async throws {
        try await TestServer.run(Self.configuration { $0.transport.expectsProxyHeader = true }) { server in
            #expect(try await Self.stream(server, "PROXY TCP4 198.51.100.7 127.0.0.1 1 2\r\n") == "198.51.100.7")
            #expect(try await Self.stream(server, "PROXY TCP6 2001:db8::7 ::1 1 2\r\n") == "2001:db8::7")
            #expect(try await Self.stream(server, "PROXY UNKNOWN\r\n") == "127.0.0.1")
            // In pieces, and in version 2.
            let client = try await server.connect(sending: "\r\n\r\n\0\r\n")
            await client.send("QUIT\n")
            await client.send([0x21, 0x11, 0, 12, 198, 51, 100])
            await client.send([9, 127, 0, 0, 1, 0, 1, 0, 2] + Array("GET /stream?channels=chat HTTP/1.1\r\n".utf8))
            await client.send("Host: t\r\n\r\n")
            #expect(try await Self.user(client.receive("event: connected")) == "198.51.100.9")

            let without = try await server.connect(sending: "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(try await without.receiveAll().isEmpty)
        }
    }

    @Test func `it is awaited as long as a head, and taken from trusted proxies alone`() async throws {
        let impatient = try Self.configuration(trusted: ["127.0.0.1"]) {
            $0.transport.expectsProxyHeader = true
            $0.limits.headTimeout = .milliseconds(300)
        }
        try await TestServer.run(impatient) { server in
            for first in ["PROXY TCP4 ", ""] {
                let text = try await server.connect(sending: first).receiveAll()
                #expect(text.isEmpty)
            }
        }
        let strangers = try Self.configuration(trusted: ["10.0.0.0/8"]) { $0.transport.expectsProxyHeader = true }
        try await TestServer.run(strangers) { server in
            let client = try await server.connect(
                sending: "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET /healthz HTTP/1.1\r\n\r\n")
            #expect(try await client.receiveAll().isEmpty)
        }
    }

    @Test func `it stands before TLS`() async throws {
        try await TestServer.runTLS {
            $0.transport.expectsProxyHeader = true
        } _: { server, _ in
            let plain = try await server.connect(
                sending: "PROXY TCP4 198.51.100.7 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\n\r\n")
            #expect(try await !plain.receiveAll().contains("HTTP/1.1"))
        }
    }
}
