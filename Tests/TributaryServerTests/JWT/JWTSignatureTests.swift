import Foundation
import HTTPTypes
import NIOCore
import Testing
import TributaryCore

@testable import TributaryServer

/// Whose signature holds.
@Suite struct JWTSignatureTests {
    private func configuration(_ file: String) throws -> JWTConfiguration {
        var configuration = JWTConfiguration()
        configuration.keys = try JWTKey.read(Array(file.utf8))
        return configuration
    }

    private func verdict(_ token: String, _ configuration: JWTConfiguration) async throws -> String? {
        try await JWTAuthenticator.testing(configuration).verdict(.bearer(token))
    }

    @Test(arguments: [GoldenTokens.hs256, GoldenTokens.hs384, GoldenTokens.hs512])
    func `a token of another library is believed with a secret`(_ token: String) async throws {
        var configuration = JWTConfiguration()
        configuration.secrets = [try JWTSecret(GoldenTokens.secret)]
        #expect(try await verdict(token, configuration) == "ada")
        configuration.secrets = [try JWTSecret(Forge.secret)]
        #expect(try await verdict(token, configuration) == "invalid_token")
    }

    @Test(arguments: [
        (GoldenTokens.rs256, GoldenTokens.rsaPEM), (GoldenTokens.es256, GoldenTokens.p256PEM),
        (GoldenTokens.edDSA, GoldenTokens.ed25519PEM),
    ])
    func `a token of another library is believed with a public key`(_ token: String, _ pem: String) async throws {
        #expect(try await verdict(token, configuration(pem)) == "ada")
        // Also among the others, and from a key set.
        let all = [GoldenTokens.ed25519PEM, GoldenTokens.p256PEM, GoldenTokens.rsaPEM].joined(separator: "\n")
        #expect(try await verdict(token, configuration(all)) == "ada")
        #expect(try await verdict(token, configuration(GoldenTokens.keySet)) == "ada")
        for other in [GoldenTokens.ed25519PEM, GoldenTokens.p256PEM, GoldenTokens.rsaPEM] where other != pem {
            #expect(try await verdict(token, configuration(other)) == "invalid_token")
        }
    }

    @Test(arguments: [GoldenTokens.namedRS256, GoldenTokens.namedES256, GoldenTokens.namedEdDSA])
    func `a token that names its key needs a key of that name`(_ token: String) async throws {
        #expect(try await verdict(token, configuration(GoldenTokens.keySet)) == "ada")
        let renamed = GoldenTokens.keySet.replacing(#"1","#, with: #"2","#)
        #expect(try await verdict(token, configuration(renamed)) == "invalid_token")
        let nameless = [GoldenTokens.ed25519PEM, GoldenTokens.p256PEM, GoldenTokens.rsaPEM].joined(separator: "\n")
        #expect(try await verdict(token, configuration(nameless)) == "invalid_token")
    }

    @Test func `a key's text is no secret to sign with`() async throws {
        #expect(try await verdict(GoldenTokens.hs256WithRSAKey, configuration(GoldenTokens.rsaPEM)) == "invalid_token")
        #expect(try await verdict(GoldenTokens.hs256WithRSAKey, configuration(GoldenTokens.keySet)) == "invalid_token")
        // The text without its last line break, and the name of the key beside it.
        let header = #"{"alg":"HS256","kid":"r1"}"#
        let forged = Forge.token(header: header, secret: GoldenTokens.rsaPEM)
        #expect(try await verdict(forged, configuration(GoldenTokens.keySet)) == "invalid_token")
    }

    @Test func `the algorithm is the key's, not the token's`() async throws {
        let configuration = try JWTConfiguration.forged()
        for name in ["none", "None", "NONE", "", "HS255", "hs256", "RS256", "ES256", "EdDSA", "PS256", "ML-DSA-65"] {
            let token = Forge.token(header: #"{"alg":"\#(name)","typ":"JWT"}"#)
            #expect(try await verdict(token, configuration) == "invalid_token", "\(name)")
        }
        // 32 bytes are too few for these: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
        for name in ["HS384", "HS512"] {
            let token = Forge.token(header: #"{"alg":"\#(name)"}"#)
            #expect(try await verdict(token, configuration) == "invalid_token", "\(name)")
        }
        for header in [#"{"typ":"JWT"}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#, "{}"] {
            #expect(try await verdict(Forge.token(header: header), configuration) == "invalid_token", "\(header)")
        }
    }

    @Test func `a token without a signature is refused`() async throws {
        let configuration = try JWTConfiguration.forged()
        let claims = Forge.base64URL(#"{"sub":"ada","exp":\#(Forge.seconds(60))}"#)
        for header in [#"{"alg":"none"}"#, Forge.header] {
            let token = "\(Forge.base64URL(header)).\(claims)."
            #expect(try await verdict(token, configuration) == "invalid_token", "\(header)")
        }
    }

    @Test func `whatever of a token is changed, it does not hold any more`() async throws {
        let configuration = try JWTConfiguration.forged()
        let token = Forge.token(#""tributary":{"projects":["p1"]}"#)
        #expect(try await verdict(token, configuration) == "ada")
        let parts = token.split(separator: ".").map(String.init)
        let more = Forge.base64URL(#"{"sub":"ada","exp":\#(Forge.seconds(60)),"tributary":{"projects":"*"}}"#)
        #expect(try await verdict("\(parts[0]).\(more).\(parts[2])", configuration) == "invalid_token")
        for index in token.indices where token[index] != "." {
            var changed = token
            changed.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            // A first character that begins no object is left to others.
            let verdict = try await verdict(changed, configuration)
            #expect(verdict == "invalid_token" || verdict == nil && index == token.startIndex, "\(changed)")
        }
        #expect(try await verdict(token + "A", configuration) == "invalid_token")
        #expect(try await verdict(String(token.dropLast()), configuration) == "invalid_token")
    }

    @Test func `a key that the token brings along is not looked at`() async throws {
        let configuration = try JWTConfiguration.forged()
        let brought = #""jwk":{"kty":"oct","k":"\#(Forge.base64URL(String(repeating: "e", count: 32)))"}"#
        for extra in [brought, #""jku":"http://127.0.0.1:1/""#, #""x5u":"http://127.0.0.1:1/""#, #""x5c":["AAAA"]"#] {
            let evil = Forge.token(
                header: #"{"alg":"HS256",\#(extra)}"#, secret: String(repeating: "e", count: 32))
            #expect(try await verdict(evil, configuration) == "invalid_token", "\(extra)")
            #expect(try await verdict(Forge.token(header: #"{"alg":"HS256",\#(extra)}"#), configuration) == "ada")
        }
    }

    @Test(arguments: [
        #"{"alg":"HS256","crit":["exp"]}"#, #"{"alg":"HS256","crit":[],"b64":false}"#, #"{"alg":"HS256","crit":null}"#,
        #"{"alg":"HS256","typ":"logout+jwt"}"#, #"{"alg":"HS256","typ":7}"#, #"{"alg":"HS256","typ":"JWE"}"#,
        #"{"alg":"HS256","kid":7}"#, #"{"alg":"HS256","kid":"../../etc/passwd"}"#, #"{"alg":"HS256","kid":""}"#,
        #"["HS256"]"#, #"{"alg":"HS256"} "x""#, #"{"alg":NaN}"#, "{",
    ])
    func `a header that the hub does not understand wholly is refused`(_ header: String) async throws {
        let verdict = try await verdict(Forge.token(header: header), .forged())
        #expect(verdict == "invalid_token" || verdict == nil && header.hasPrefix("["))
    }

    @Test(arguments: ["JWT", "jwt", "at+jwt", "application/at+jwt", "application/jwt"])
    func `a type that is meant as a proof is taken`(_ type: String) async throws {
        #expect(try await verdict(Forge.token(header: #"{"alg":"HS256","typ":"\#(type)"}"#), .forged()) == "ada")
    }

    @Test func `both of two secrets hold while one takes the other's place`() async throws {
        let configuration = try JWTConfiguration.forged { configuration in
            configuration.secrets.insert(try! JWTSecret(String(repeating: "n", count: 32)), at: 0)
        }
        #expect(try await verdict(Forge.token(), configuration) == "ada")
        #expect(try await verdict(Forge.token(secret: String(repeating: "n", count: 32)), configuration) == "ada")
        #expect(
            try await verdict(Forge.token(secret: String(repeating: "x", count: 32)), configuration) == "invalid_token")
    }

    @Test func `a token makes the hub try a handful of keys, no more`() async throws {
        let ring = try await JWTKeyring(
            (0..<JWTKeyring.maximumTries + 1).map { number in
                JWTKey(secret: try! JWTSecret(String(repeating: "\(number)", count: 32)))
            }
        )
        let last = String(repeating: "\(JWTKeyring.maximumTries)", count: 32)
        #expect(try !ring.verifies(JSONWebToken(Forge.token(secret: last))))
        #expect(try ring.verifies(JSONWebToken(Forge.token(secret: String(repeating: "4", count: 32)))))
    }

    @Test func `no reason repeats the token`() async throws {
        let authenticator = try JWTAuthenticator.testing(.forged { $0.issuer = "us" })
        let tokens = [
            Forge.token(), Forge.token(#""iss":"them-secretly""#), GoldenTokens.rs256, Forge.token(secret: "x"),
            Forge.token(exactly: #"{"sub":"them-secretly","exp":1}"#),
            Forge.token(header: #"{"alg":"them-secretly"}"#), Forge.token(#""iss":"us","aud":"them-secretly""#),
            Forge.token(#""iss":"us","tributary":{"projects":["them secretly"]}"#),
        ]
        for token in tokens {
            let refusal = try #require(await authenticator.refusal(token))
            let answer = String(buffer: refusal.json) + "\(refusal.fields)"
            #expect(refusal.status == .unauthorized)
            #expect(refusal.fields[.wwwAuthenticate] == #"Bearer error="invalid_token""#)
            for part in token.split(separator: ".").map(String.init) + ["secretly"] { #expect(!answer.contains(part)) }
        }
    }
}
