import JWTKit

/// What tokens are signed and verified with by all who share it (HS256, HS384, HS512). Never shown.
public struct JWTSecret: Sendable, Equatable {
    /// Why something cannot be a secret.
    public enum Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        case tooShort
        case isKey

        public var description: String {
            switch self {
            case .tooShort:
                "a secret for tokens is \(JWTSecret.minimumBytes) bytes or more: openssl rand -hex 32 makes one"
            case .isKey: "this is a key in PEM and no secret: give its file as --jwt-keys"
            }
        }
    }

    /// 32: as long as the hash of HS256. A shorter one can be guessed from a single token, at leisure.
    public static let minimumBytes = 32

    private let bytes: [UInt8]

    /// - Throws: ``Invalid``.
    public init(_ text: String) throws(Invalid) {
        guard !text.contains("-----BEGIN") else { throw .isKey }
        try self.init(bytes: Array(text.utf8))
    }

    /// - Throws: ``Invalid``.
    init(bytes: [UInt8]) throws(Invalid) {
        guard bytes.count >= Self.minimumBytes else { throw .tooShort }
        self.bytes = bytes
    }

    /// Those that it is long enough for.
    var algorithms: [JWSAlgorithm] {
        JWSAlgorithm.allCases.filter { $0.minimumSecretBytes.map { $0 <= bytes.count } ?? false }
    }

    var key: HMACKey { HMACKey(from: bytes) }

    public static func == (one: JWTSecret, other: JWTSecret) -> Bool {
        one.bytes.isEqualInConstantTime(to: other.bytes)
    }
}

extension JWTSecret: CustomStringConvertible, CustomReflectable {
    public var description: String { "JWTSecret" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
