import Crypto

/// What the hub shares with a proxy that signs requests. Its text is never shown.
public struct SignatureSecret: Sendable, Equatable {
    /// Why a text cannot be one.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let description =
            "a secret is \(SignatureSecret.minimumLength) to \(SignatureSecret.maximumLength) visible ASCII characters"
    }

    /// 32: who saw one signed request can try secrets as fast as its machines go, and RFC 2104 asks for as much as the hash has.
    public static let minimumLength = 32
    /// 1,024: more adds nothing.
    public static let maximumLength = 1_024

    private let key: SymmetricKey

    /// - Throws: ``Invalid``.
    public init(_ text: String) throws(Invalid) {
        let bytes = Array(text.utf8)
        guard (Self.minimumLength...Self.maximumLength).contains(bytes.count),
            bytes.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw Invalid() }
        key = SymmetricKey(data: bytes)
    }

    /// The HMAC-SHA256 of `message`: 32 bytes.
    func sign(_ message: [UInt8]) -> [UInt8] {
        HMAC<SHA256>.authenticationCode(for: message, using: key).withUnsafeBytes { Array($0) }
    }
}

extension SignatureSecret: CustomStringConvertible, CustomReflectable {
    public var description: String { "SignatureSecret" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
