import Foundation
import JWTKit
import NIOCore
import TributaryProtocol

/// The keys of a JSON Web Key Set that the hub can use; those of other kinds, such as for encryption, are passed over.
///
/// Source: https://www.rfc-editor.org/rfc/rfc7517#section-5
struct JSONWebKeySet {
    let keys: [JWTKey]

    /// - Parameter isTrusted: the operator's own file: it may hold secrets, and a private key in it is an error.
    /// - Throws: ``JWTKeyError`` for anything but a set, and where no key is left.
    init(_ json: ByteBuffer, isTrusted: Bool) throws(JWTKeyError) {
        guard json.withUnsafeReadableBytes({ isJSON($0) }),
            let set = try? JSONDecoder().decode(Members.self, from: Data(json.readableBytesView))
        else { throw JWTKeyError(#"is no JSON Web Key Set: {"keys":[{"kty":…},…]}"#) }
        var keys: [JWTKey] = []
        for key in set.keys.compactMap(\.value) where key.verifies {
            if key.d != nil {
                guard !isTrusted else {
                    throw JWTKeyError("holds a private key (\"d\"), which the hub has no use for: give the public one")
                }
                continue
            }
            if key.kty == "oct" {
                if isTrusted { keys.append(try key.secret()) }
            } else if let key = key.publicKey {
                keys.append(key)
            }
        }
        guard !keys.isEmpty else {
            throw JWTKeyError("has no key that the hub can use: RSA (RS256), P-256 (ES256), Ed25519 (EdDSA)")
        }
        self.keys = keys
    }

    private struct Members: Decodable {
        let keys: [Readable]
    }

    /// A key, or nothing where the members are of other kinds than the ones here.
    private struct Readable: Decodable {
        let value: JSONWebKey?

        init(from decoder: any Decoder) throws {
            value = try? JSONWebKey(from: decoder)
        }
    }
}

/// One key as it is written.
private struct JSONWebKey: Decodable {
    let kty: String
    let use: String?
    let operations: [String]?
    let alg: String?
    let kid: String?
    let crv: String?
    let n: String?
    let e: String?
    let x: String?
    let y: String?
    let k: String?
    let d: String?

    enum CodingKeys: String, CodingKey {
        case kty, use, alg, kid, crv, n, e, x, y, k, d
        case operations = "key_ops"
    }

    var verifies: Bool { (use ?? "sig") == "sig" && operations?.contains("verify") ?? true }

    /// `nil` for a kind that the hub does not know, and for a key that is broken.
    var publicKey: JWTKey? {
        switch (kty, crv) {
        case ("RSA", _):
            guard let n, let e, let key = try? Insecure.RSA.PublicKey(modulus: n, exponent: e) else { return nil }
            return made(.rsa(key), for: .rs256)
        case ("EC", "P-256"):
            guard let x, let y, let key = try? ES256PublicKey(parameters: (x: x, y: y)) else { return nil }
            return made(.p256(key), for: .es256)
        case ("OKP", "Ed25519"):
            guard let x, let key = try? EdDSA.PublicKey(x: x, curve: .ed25519) else { return nil }
            return made(.ed25519(key), for: .edDSA)
        default: return nil
        }
    }

    private func made(_ material: JWTKey.Material, for algorithm: JWSAlgorithm) -> JWTKey? {
        guard (alg ?? algorithm.rawValue) == algorithm.rawValue else { return nil }
        return JWTKey(id: kid, material: material, algorithms: [algorithm])
    }

    /// - Throws: ``JWTKeyError``: who writes a secret down means it to be used.
    func secret() throws(JWTKeyError) -> JWTKey {
        guard let bytes = k.flatMap({ [UInt8](base64URL: $0.utf8) }), let secret = try? JWTSecret(bytes: bytes) else {
            throw JWTKeyError("holds a secret (\"kty\":\"oct\") whose \"k\" is not base64url of 32 bytes or more")
        }
        let algorithms = secret.algorithms.filter { alg == nil || alg == $0.rawValue }
        guard !algorithms.isEmpty else {
            throw JWTKeyError("holds a secret (\"kty\":\"oct\") that is too short for its \"alg\", or not for HMAC")
        }
        return JWTKey(id: kid, material: .secret(secret), algorithms: algorithms)
    }
}
