import Foundation
import NIOCore
import NIOSSL
import Testing
import TributaryCore
import TributaryProtocol
import TributaryServer
import TributaryTesting

@Suite struct TLSTests {
    @Test func `HTTP 1.1 over TLS is the same, streams included`() async throws {
        try await TestServer.runTLS { server, _ in
            let client = try await server.connectTLS(sending: "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
            try await client.receive(#"{"status":"ok"}"#)
            await client.send("GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\n\r\n")
            let head = try await client.receive("event: connected")
            #expect(head.contains("Connection: close\r\n") && !head.contains("Transfer-Encoding"))
            let body = #"{"channel":"chat","event":"message.new","data":"hi"}"#
            let publisher = try await server.connectTLS(
                sending:
                    "POST /publish HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                    + body,
                protocols: []
            )
            #expect(try await publisher.receiveAll().hasPrefix("HTTP/1.1 200 OK"))
            try await client.receive("event: message.new")
            await client.close()
            try await server.figures { $0.streams.open == 0 && $0.streams.closedTotal["client"] == 1 }
        }
    }

    @Test func `who speaks no TLS, or none that is safe, gets nothing`() async throws {
        try await TestServer.runTLS { server, _ in
            let plain = try await server.connect(sending: "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(try await !plain.receiveAll().contains("HTTP/1.1"))
            var old = TLSConfiguration.makeClientConfiguration()
            old.certificateVerification = .none
            old.minimumTLSVersion = .tlsv1
            old.maximumTLSVersion = .tlsv11
            let context = try NIOSSLContext(configuration: old)
            let outdated = try await RawClient.connect(to: server.address, sending: "GET / HTTP/1.1\r\n\r\n") {
                channel in
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLClientHandler(context: context, serverHostname: nil))
            }
            #expect(try await outdated.receiveAll().isEmpty)
        }
    }

    @Test func `a handshake that takes too long is given up`() async throws {
        try await TestServer.runTLS {
            $0.limits.headTimeout = .milliseconds(300)
        } _: { server, _ in
            let silent = try await server.connect()
            let slow = try await server.connect()
            await slow.send([0x16, 0x03, 0x01])
            #expect(try await silent.receiveAll().isEmpty)
            #expect(try await slow.receiveAll().isEmpty)
        }
    }

    @Test func `a reload shows new connections the new certificate and leaves the old ones alone`() async throws {
        try await TestServer.runTLS { server, certificate in
            let stream = try await server.connectTLS(sending: "GET /stream?channels=chat HTTP/1.1\r\nHost: t\r\n\r\n")
            try await stream.receive("event: connected")
            let first = try await Self.certificate(server)
            #expect(first == Self.certificate(in: certificate))

            try Data("no certificate".utf8).write(to: URL(filePath: certificate.path))
            server.server.reloadCertificate()
            #expect(try await Self.certificate(server) == first)
            try FileManager.default.removeItem(atPath: certificate.path)
            server.server.reloadCertificate()
            #expect(try await Self.certificate(server) == first)

            try await certificate.make()
            server.server.reloadCertificate()
            let second = try await Self.certificate(server)
            #expect(second != first && second == Self.certificate(in: certificate))
            #expect(stream.end == nil)
        }
    }

    private static func certificate(in certificate: Certificate) -> [UInt8]? {
        try? NIOSSLCertificate.fromPEMFile(certificate.path).first?.toDERBytes()
    }

    /// What a new connection is shown.
    private static func certificate(_ server: TestServer) async throws -> [UInt8]? {
        let client = try await HTTP2Client.connect(to: server.address)
        try await client.until("the server's settings") { !$0.settings.isEmpty }
        let shown = try await client.channel.nioSSL_peerCertificate().get()
        await client.close()
        return try shown?.toDERBytes()
    }

    @Test func `files that cannot be used are named before anything listens`() async throws {
        try await Certificate.withCertificate { one in
            try await Certificate.withCertificate { other in
                func cause(_ certificate: String?, _ key: String?) throws -> String {
                    var configuration = ServerConfiguration()
                    configuration.transport.certificatePath = certificate
                    configuration.transport.keyPath = key
                    let error = #expect(throws: ListenError.self) { try configuration.validate() }
                    return error?.description ?? ""
                }
                #expect(try cause(one.path, nil) == "tls-cert and tls-key must be given together")
                #expect(try cause(nil, one.keyPath) == "tls-cert and tls-key must be given together")
                #expect(try cause("/no/such.pem", one.keyPath) == "/no/such.pem: No such file or directory")
                #expect(try cause(one.path, "/no/such.key") == "/no/such.key: No such file or directory")
                #expect(try cause(one.keyPath, one.keyPath).contains("\(one.keyPath): it holds no certificate"))
                #expect(try cause(one.path, one.path).contains("\(one.path): it holds no private key"))
                #expect(try cause(one.path, other.keyPath).contains("is not the key of the certificate"))
                var good = ServerConfiguration()
                good.transport.certificatePath = one.path
                good.transport.keyPath = one.keyPath
                try good.validate()
            }
        }
    }
}
