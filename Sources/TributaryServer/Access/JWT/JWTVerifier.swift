import JWTKit

/// A key with one of its algorithms, ready to verify. From any task.
struct JWTVerifier: Sendable {
    let id: String?
    let algorithm: JWSAlgorithm
    private let key: any JWTAlgorithm

    /// jwt-kit hands its verifiers out only through a collection, an actor: each gets one for the moment of its making, so that no
    /// collection ever decides by a token which of several keys to take.
    init(_ key: JWTKey, _ algorithm: JWSAlgorithm) async throws {
        let collection = JWTKeyCollection()
        switch key.material {
        case .secret(let secret): await collection.add(hmac: secret.key, digestAlgorithm: algorithm.digest)
        case .rsa(let key): await collection.add(rsa: key, digestAlgorithm: algorithm.digest)
        case .p256(let key): await collection.add(ecdsa: key)
        case .ed25519(let key): await collection.add(eddsa: key)
        }
        id = key.id
        self.algorithm = algorithm
        self.key = try await collection.getKey()
    }

    /// Whether the token was signed with the key. The token has named the algorithm before.
    func verifies(_ token: JSONWebToken) -> Bool {
        // What is not even shaped like a signature throws.
        (try? key.verify(token.signature, signs: token.signedBytes)) ?? false
    }
}

extension JWSAlgorithm {
    fileprivate var digest: DigestAlgorithm {
        switch self {
        case .hs256, .rs256, .es256: .sha256
        case .hs384: .sha384
        // Ed25519 hashes for itself.
        case .hs512, .edDSA: .sha512
        }
    }
}
