import JWTKit

/// A key that tokens are verified with, and the algorithms that it is for: a token cannot choose another one.
public struct JWTKey: Sendable, Equatable {
    enum Material: Sendable, Equatable {
        case secret(JWTSecret)
        case rsa(Insecure.RSA.PublicKey)
        case p256(ES256PublicKey)
        case ed25519(EdDSA.PublicKey)
    }

    /// The name under which tokens ask for it (`kid`).
    let id: String?
    let material: Material
    let algorithms: [JWSAlgorithm]

    init(id: String? = nil, secret: JWTSecret) {
        self.init(id: id, material: .secret(secret), algorithms: secret.algorithms)
    }

    /// - Parameter algorithms: of those that fit the material.
    init(id: String?, material: Material, algorithms: [JWSAlgorithm]) {
        self.id = id
        self.material = material
        self.algorithms = algorithms
    }
}

/// Why keys cannot be used; says what to do, and never what they hold.
public struct JWTKeyError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
