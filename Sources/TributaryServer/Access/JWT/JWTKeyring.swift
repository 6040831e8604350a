/// Keys that are ready to verify tokens.
struct JWTKeyring: Sendable {
    private(set) var verifiers: [JWTVerifier] = []

    /// 5: enough for keys that take each other's place; nobody makes the hub try hundreds with one token.
    static let maximumTries = 5

    init() {}

    init(_ keys: [JWTKey]) async throws {
        for key in keys {
            for algorithm in key.algorithms { verifiers.append(try await JWTVerifier(key, algorithm)) }
        }
    }

    /// With the keys of another one behind its own.
    func adding(_ other: JWTKeyring) -> JWTKeyring {
        var both = self
        both.verifiers += other.verifiers
        return both
    }

    /// Whether there is a key that the token could have been signed with.
    func hasKey(for header: JSONWebToken.Header) -> Bool { verifiers.contains { $0.fits(header) } }

    /// Whether the token was signed with one of the keys.
    func verifies(_ token: JSONWebToken) -> Bool {
        verifiers.lazy.filter { $0.fits(token.header) }.prefix(Self.maximumTries).contains { $0.verifies(token) }
    }
}

extension JWTVerifier {
    /// The key's own algorithm, and the key that the token names, if it names one.
    fileprivate func fits(_ header: JSONWebToken.Header) -> Bool {
        algorithm == header.algorithm && (header.keyID == nil || header.keyID == id)
    }
}
