import Crypto
import Foundation
import HTTPTypes
import Logging
import TributaryCore
import TributaryProtocol

@testable import TributaryServer

/// Makes tokens, also such as no library would make.
enum Forge {
    static let secret = "0123456789abcdef0123456789abcdef"
    static let header = #"{"alg":"HS256","typ":"JWT"}"#
    /// The hub's clock in the tests: 2026-11-28T12:00:00Z.
    static let now = Instant(milliseconds: 1_795_867_200_000)

    /// A token that holds for a minute, for `ada`.
    static func token(_ claims: String = "", header: String = header, secret: String = secret) -> String {
        let rest = claims.isEmpty ? "" : ",\(claims)"
        return token(exactly: #"{"sub":"ada","exp":\#(seconds(60))\#(rest)}"#, header: header, secret: secret)
    }

    /// A token with these claims and no others, signed by HS256 whatever its header says.
    static func token(exactly claims: String, header: String = header, secret: String = secret) -> String {
        let signed = "\(base64URL(header)).\(base64URL(claims))"
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(signed.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return "\(signed).\(base64URL(Data(code)))"
    }

    /// Seconds since 1970, so many after ``now``.
    static func seconds(_ after: Int) -> Int { Int(now.milliseconds / 1_000) + after }

    static func base64URL(_ text: String) -> String { base64URL(Data(text.utf8)) }

    static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

extension Credentials {
    /// A request with a bearer, as far as authentication sees it.
    static func bearer(_ token: String) -> Credentials {
        Credentials(method: .get, target: "/stream", fields: [.authorization: "Bearer \(token)"], peer: "192.0.2.7")
    }

    static func request(_ target: String = "/stream", _ fields: [(HTTPField.Name, String)] = []) -> Credentials {
        var all = HTTPFields()
        for (name, value) in fields { all.append(HTTPField(name: name, value: value)) }
        return Credentials(method: .get, target: target, fields: all, peer: "192.0.2.7")
    }
}

extension JWTAuthenticator {
    /// One whose clock stands at ``Forge/now``.
    static func testing(_ configuration: JWTConfiguration, now: Instant = Forge.now) throws -> JWTAuthenticator {
        JWTAuthenticator(
            configuration, keys: JWTKeySource(configuration, logger: .init(label: "test")), catalog: try .bundled(),
            now: { now }
        )
    }

    /// What it says of a token, as one word: the user, the code of a problem, or `nil` for no token of its kind.
    func verdict(_ credentials: Credentials) async -> String? {
        do {
            guard let identity = try await authenticate(credentials) else { return nil }
            guard case .user(let user) = identity.kind else { return "not a user" }
            return user.rawValue
        } catch {
            return error.code
        }
    }

    /// The problem that it answers a token with.
    func refusal(_ token: String) async -> Problem? {
        do {
            _ = try await authenticate(.bearer(token))
            return nil
        } catch {
            return error
        }
    }
}

extension JWTConfiguration {
    /// With the secret of ``Forge``.
    static func forged(_ change: (inout JWTConfiguration) -> Void = { _ in }) throws -> JWTConfiguration {
        var configuration = JWTConfiguration()
        configuration.secrets = [try JWTSecret(Forge.secret)]
        change(&configuration)
        return configuration
    }
}
