import NIOCore
import NIOSSL
import TributaryCore
import TributaryServer
import TributaryTesting

extension TestServer {
    /// With a certificate that signed itself.
    static func runTLS(
        _ change: @Sendable (inout ServerConfiguration) throws -> Void = { _ in },
        hub: @Sendable (inout HubConfiguration) -> Void = { _ in },
        _ test: @escaping @Sendable (TestServer, Certificate) async throws -> Void
    ) async throws {
        try await Certificate.withCertificate { certificate in
            var configuration = patient
            configuration.transport.certificatePath = certificate.path
            configuration.transport.keyPath = certificate.keyPath
            try change(&configuration)
            try await run(configuration, hub: hub) { server in try await test(server, certificate) }
        }
    }

    func connectHTTP2() async throws -> HTTP2Client { try await HTTP2Client.connect(to: address) }

    /// HTTP/1.1 over TLS.
    func connectTLS(sending first: String = "", protocols: [String] = ["http/1.1"]) async throws -> RawClient {
        let context = try HTTP2Client.tls(protocols)
        return try await RawClient.connect(to: address, sending: first) { channel in
            try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
        }
    }
}
