import NIOCore
import Testing

@testable import TributaryServer

/// What a file of keys may hold.
@Suite struct JWTKeyReadingTests {
    private func cause(_ text: String) -> String? {
        do {
            _ = try JWTKey.read(Array(text.utf8))
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `PEM holds one key or several, with text around them`() throws {
        let keys = try JWTKey.read(
            Array("ours\n\(GoldenTokens.rsaPEM)\nnext\r\n\(GoldenTokens.p256PEM)\n\(GoldenTokens.ed25519PEM)\n".utf8))
        #expect(keys.map(\.algorithms) == [[.rs256], [.es256], [.edDSA]])
        #expect(keys.allSatisfy { $0.id == nil })
        let windows = GoldenTokens.p256PEM.replacing("\n", with: "\r\n")
        #expect(try JWTKey.read(Array(windows.utf8)) == JWTKey.read(Array(GoldenTokens.p256PEM.utf8)))
    }

    @Test func `a key set gives the keys that the hub can use`() throws {
        let keys = try JWTKey.read(Array(GoldenTokens.keySet.utf8))
        #expect(keys.map(\.id) == ["r1", "e1", "d1"])
        #expect(keys.map(\.algorithms) == [[.rs256], [.es256], [.edDSA]])
    }

    @Test(arguments: [
        ("", "neither PEM"), ("nonsense", "neither PEM"), ("-----BEGIN PUBLIC KEY-----\nAAAA", "without an end"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END CERTIFICATE-----", "ends as another"),
        ("-----BEGIN PUBLIC KEY-----\n-----BEGIN PUBLIC KEY-----\n", "without an end"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "none of RSA with 2048 bits or more"),
        (GoldenTokens.p384PEM, "none of RSA"), (GoldenTokens.smallRSAPEM, "none of RSA"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "private key"),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "private key"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "certificate"),
        ("-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----", "no public key"),
        ("{", "no JSON Web Key Set"), ("{}", "no JSON Web Key Set"), (#"{"keys":{}}"#, "no JSON Web Key Set"),
        (#"{"keys":[]}"#, "no key that the hub can use"), (#"{"keys":[7,{"kty":7},{"kty":"RSA"}]}"#, "no key"),
        (#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#, "no key"),
        (#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#, "no key"),
        (#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, "32 bytes or more"),
        (#"{"keys":[{"kty":"oct"}]}"#, "32 bytes or more"),
        (#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}]}"#, "private key"),
    ])
    func `what holds no usable key says why`(_ text: String, _ part: String) {
        let cause = cause(text)
        #expect(cause?.contains(part) == true, "\(cause ?? "")")
    }

    @Test func `a file that is too large or no text is no file of keys`() {
        #expect(cause(String(repeating: " ", count: (1 << 20) + 1)) == "is larger than 1 MiB")
        #expect(throws: JWTKeyError("is not text in UTF-8")) { try JWTKey.read([0xFF, 0xFE]) }
    }

    @Test func `a secret in a key set has a name, and comes from a file alone`() throws {
        let secret = Forge.base64URL(Forge.secret)
        let set = #"{"keys":[{"kty":"oct","kid":"s1","alg":"HS256","k":"\#(secret)"}]}"#
        #expect(try JWTKey.read(Array(set.utf8)).map(\.id) == ["s1"])
        #expect(throws: JWTKeyError.self) { try JSONWebKeySet(.init(string: set), isTrusted: false) }
        let tooShort = set.replacing("HS256", with: "HS512")
        #expect(cause(tooShort)?.contains("too short") == true)
        #expect(cause(set.replacing("HS256", with: "RS256"))?.contains("not for HMAC") == true)
    }

    @Test func `keys for other purposes and other algorithms are passed over`() throws {
        let plain = #"{"kty":"EC","kid":"e1","crv":"P-256""#
        for extra in [#""use":"enc""#, #""key_ops":["sign"]"#, #""alg":"ES384""#, #""alg":"HS256""#] {
            let set = GoldenTokens.keySet.replacing(plain, with: "\(plain),\(extra)")
            #expect(try JWTKey.read(Array(set.utf8)).map(\.id) == ["r1", "d1"], "\(extra)")
        }
        let all = #""use":"sig","key_ops":["verify"],"alg":"ES256""#
        let fit = GoldenTokens.keySet.replacing(plain, with: "\(plain),\(all)")
        #expect(try JWTKey.read(Array(fit.utf8)).count == 3)
    }

    @Test func `a secret is long enough and not a key`() throws {
        #expect(throws: JWTSecret.Invalid.tooShort) { try JWTSecret(String(repeating: "a", count: 31)) }
        #expect(throws: JWTSecret.Invalid.isKey) { try JWTSecret(GoldenTokens.rsaPEM) }
        for (count, algorithms) in [
            (32, [JWSAlgorithm.hs256]), (47, [.hs256]), (48, [.hs256, .hs384]), (64, [.hs256, .hs384, .hs512]),
        ] {
            #expect(try JWTSecret(String(repeating: "a", count: count)).algorithms == algorithms, "\(count)")
        }
    }

    @Test func `a secret's text is never shown`() throws {
        var configuration = ServerConfiguration()
        configuration.jwt = try .forged { $0.keys = [JWTKey(id: "s", secret: try! JWTSecret(Forge.secret))] }
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration)\(String(reflecting: configuration))\(dumped)".contains("0123456"))
    }

    @Test(arguments: [
        "https://id.example.com/keys", "https://id.example.com:8443/keys?v=1", "http://127.0.0.1:9000/keys",
        "http://localhost/keys", "http://[::1]:9000/keys", "HTTPS://id.example.com",
    ])
    func `a key set comes over TLS, or from this machine`(_ url: String) throws {
        _ = try JWKSLocation(url)
    }

    @Test(arguments: [
        "", "id.example.com/keys", "http://id.example.com/keys", "http://127.0.0.1.example.com/", "http://10.0.0.1/",
        "ftp://127.0.0.1/", "file:///etc/keys", "https://", "https://user:secret@id.example.com/", "https://h/#keys",
        "http://localhost.example.com/", "http://0.0.0.0/",
    ])
    func `a place that somebody on the way could answer for is refused`(_ url: String) {
        #expect(throws: JWKSLocation.Invalid.self) { try JWKSLocation(url) }
    }

    @Test func `what the log shows of the place has no query`() throws {
        #expect(try JWKSLocation("https://id.example.com/keys?key=secret").shown == "https://id.example.com/keys")
    }
}
