import Crypto
import Foundation
import TributaryCore
import TributaryServer
import TributaryTesting

/// What a trusted proxy does.
extension TestServer {
    static let secret = "a-secret-that-hub-and-proxy-share"

    /// A hub that believes its proxy.
    static func proxied() throws -> ServerConfiguration {
        var configuration = patient
        configuration.authentication = [.signature]
        configuration.signature.secret = try SignatureSecret(secret)
        return configuration
    }

    /// The header lines of a signed request.
    static func signature(
        _ method: String, _ target: String, _ body: String, of user: String, at time: UInt64? = nil
    ) -> String {
        let time = time ?? Instant.now.milliseconds / 1_000
        let hash = hex(SHA256.hash(data: Data(body.utf8)))
        let message = "\(time)\n\(method)\n\(target)\n\(user)\n\(hash)"
        let key = SymmetricKey(data: Data(secret.utf8))
        let signature = hex(HMAC<SHA256>.authenticationCode(for: Data(message.utf8), using: key))
        return "X-Tributary-Signature: \(signature)\r\nX-Tributary-Timestamp: \(time)\r\nX-Tributary-User: \(user)\r\n"
    }

    /// A signed request as its bytes.
    static func request(
        _ method: String, _ target: String, _ body: String = "", of user: String, at time: UInt64? = nil
    ) -> String {
        "\(method) \(target) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
            + signature(method, target, body, of: user, at: time)
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// The answer to a request that the proxy passes on for a user.
    func send(_ method: String, _ target: String, _ body: String = "", of user: String) async throws -> Answer {
        try Answer(await exchange(Self.request(method, target, body, of: user)))
    }

    /// Opens a user's stream and waits for its first frame.
    func stream(_ query: String = "", of user: String) async throws -> RawClient {
        let target = "/stream?\(query)"
        let head = "GET \(target) HTTP/1.1\r\nHost: test\r\n\(Self.signature("GET", target, "", of: user))\r\n"
        let client = try await connect(sending: head)
        try await client.events(count: 1)
        return client
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
