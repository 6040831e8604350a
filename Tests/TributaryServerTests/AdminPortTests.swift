import NIOCore
import ServiceLifecycle
import Testing
import TributaryCore
import TributaryServer
import TributaryTesting

@Suite struct AdminPortTests {
    private static let token = "0123456789abcdef"

    private static func configuration(_ hostname: String? = nil) throws -> ServerConfiguration {
        var configuration = TestServer.patient
        configuration.adminToken = try BearerToken(token)
        configuration.transport.adminPort = 0
        configuration.transport.adminHostname = hostname
        return configuration
    }

    private static func status(
        _ address: SocketAddress, _ target: String, method: String = "GET", token: String? = token
    ) async throws -> Int {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let client = try await RawClient.connect(
            to: address, sending: "\(method) \(target) HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\(authorization)\r\n"
        )
        return try await Answer(client.receiveAll()).status
    }

    private static let operators = [
        "/stats", "/metrics", "/connections", "/debug/connections/u/p", "/explain?user_id=u&id=1",
    ]
    private static let everybody = ["/history", "/presence"]

    @Test func `operators' paths are on their port alone, everybody's on the main one`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            let admin = try #require(server.server.adminAddress)
            #expect(admin.port != server.address.port)
            for target in Self.operators {
                #expect(try await Self.status(server.address, target) == 404, "\(target)")
                #expect(try await Self.status(admin, target) == 200, "\(target)")
            }
            #expect(try await Self.status(server.address, "/revoke", method: "POST") == 404)
            #expect(try await Self.status(admin, "/revoke", method: "POST") == 400)
            #expect(try await Self.status(server.address, "/connections/x", method: "DELETE") == 404)
            for target in Self.everybody {
                #expect(try await Self.status(server.address, target) == 200, "\(target)")
                #expect(try await Self.status(admin, target) == 404, "\(target)")
            }
            for target in ["/stream", "/stream?channels=chat"] {
                #expect(try await Self.status(admin, target) == 404)
                #expect(try await Self.status(admin, target, method: "HEAD") == 404)
            }
            for target in ["/healthz", "/readyz"] {
                #expect(try await Self.status(server.address, target) == 200)
                #expect(try await Self.status(admin, target) == 200)
            }
            #expect(try await Self.status(admin, "/stats", token: nil) == 200)
            #expect(try await Self.status(admin, "/connections", token: nil) == 401)
        }
    }

    @Test func `where others reach that port, figures are for operators`() async throws {
        try await TestServer.run(Self.configuration("0.0.0.0")) { server in
            let port = try #require(server.server.adminAddress?.port)
            let admin = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            #expect(try await Self.status(admin, "/stats", token: nil) == 401)
            #expect(try await Self.status(admin, "/stats") == 200)
            #expect(try await Self.status(admin, "/healthz", token: nil) == 200)
        }
    }

    @Test func `a shutdown ends its connections too`() async throws {
        try await TestServer.run(Self.configuration()) { server in
            let client = try await RawClient.connect(
                to: #require(server.server.adminAddress), sending: "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
            try await client.receive(#"{"status":"ok"}"#)
            await server.services.triggerGracefulShutdown()
            try await client.receiveAll()
        }
    }

    @Test func `an address without a port is told`() {
        var configuration = ServerConfiguration()
        configuration.transport.adminHostname = "127.0.0.1"
        #expect(throws: ListenError.invalidValue(name: "admin-hostname", rule: "given with admin-port")) {
            try configuration.validate()
        }
        configuration.transport.adminPort = 65_536
        #expect(throws: ListenError.invalidPort(65_536)) { try configuration.validate() }
    }
}
