import Foundation
import TributaryServer

extension Setting {
    static let jwt: [Setting] = [
        .text(
            "jwt-secret", \.jwt.secrets, placeholder: "SECRET", defaultText: "none",
            help: """
                What JSON Web Tokens are signed with (HS256; HS384 and HS512 with 48 and 64 bytes): 32 bytes or more, shared with \
                whoever makes them. Two with a comma between while one takes the other's place. Better in the environment than on \
                the command line, which everybody on the machine can read.
                """,
            isSecret: true,
            check: tokenSecrets
        ),
        .text(
            "jwt-keys", \.jwt.keys, placeholder: "FILE", defaultText: "none",
            help: """
                Public keys that tokens are verified with (RS256, ES256, EdDSA): PEM, one key or several, or a JSON Web Key Set. \
                A token that names its key (`kid`) needs a key set.
                """,
            check: tokenKeys
        ),
        .text(
            "jwt-jwks-url", \.jwt.keySet, placeholder: "URL", defaultText: "none",
            help: """
                Where the issuer publishes its JSON Web Key Set: https://…, or http:// on this machine. Fetched with the first token, \
                again for an unknown `kid` at most once a minute, and after an hour.
                """,
            check: keySetLocation
        ),
        .text(
            "jwt-audience", \.jwt.audience, placeholder: "NAME", defaultText: "none",
            help: "The hub's name in `aud`: tokens must have it. Without it, those that have an `aud` are refused.",
            check: notEmpty
        ),
        .text(
            "jwt-issuer", \.jwt.issuer, placeholder: "NAME", defaultText: "any",
            help: "Tokens must be issued by it (`iss`).",
            check: notEmpty
        ),
        .text(
            "jwt-cookie", \.jwt.cookie, placeholder: "NAME", defaultText: "none",
            help: "The cookie that may carry a token, beside `Authorization: Bearer` and `?token=`.",
            check: cookieName
        ),
    ]

    private static func tokenSecrets(_ text: String) throws -> [JWTSecret] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw Refused.because("two secrets at most, with a comma between") }
        do {
            return try parts.map { try JWTSecret(String($0)) }
        } catch {
            throw Refused.because("\(error)" + (parts.count > 1 ? "; a comma stands between two" : ""))
        }
    }

    /// Reads the file at once: what is wrong with it is told when the hub starts.
    private static func tokenKeys(_ path: String) throws -> [JWTKey] {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw Refused.because("\(path): cannot be read: \(causeOfUnreadableFile(at: path))")
        }
        do {
            return try JWTKey.read(Array(data))
        } catch {
            throw Refused.because("\(path): \(error)")
        }
    }

    private static func keySetLocation(_ text: String) throws -> JWKSLocation? {
        do {
            return try JWKSLocation(text)
        } catch {
            // Never the URL itself: it may hold a key of its own.
            throw Refused.because("\(error)")
        }
    }

    /// A token of HTTP: https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
    private static func cookieName(_ text: String) throws -> String? {
        let others = Set("!#$%&'*+-.^_`|~".utf8)
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: others.contains(byte)
            }
        }
        guard isName, !text.isEmpty else { throw Refused.isNot("a cookie's name") }
        return text
    }
}

extension ServeOptions {
    /// What tokens need stands together: with `--auth jwt` a key, and without it nothing that looks as if tokens were asked for.
    ///
    /// - Throws: ``ConfigurationError``.
    func checkTokens() throws(ConfigurationError) {
        if auth?.contains(.jwt) == true {
            guard jwt.hasKeys else {
                throw ConfigurationError(
                    "auth: jwt needs a key to verify tokens with: give jwt-secret, jwt-keys or jwt-jwks-url"
                )
            }
        } else if let given = jwtSettingsGiven.first {
            throw ConfigurationError(
                "\(given) is given, and nobody is asked for a token: add --auth jwt, or leave it out"
            )
        }
    }

    private var jwtSettingsGiven: [String] {
        let given: [(String, Bool)] = [
            ("jwt-secret", !jwt.secrets.isEmpty), ("jwt-keys", !jwt.keys.isEmpty), ("jwt-jwks-url", jwt.keySet != nil),
            ("jwt-audience", jwt.audience != nil), ("jwt-issuer", jwt.issuer != nil), ("jwt-cookie", jwt.cookie != nil),
        ]
        return given.filter(\.1).map(\.0)
    }
}
