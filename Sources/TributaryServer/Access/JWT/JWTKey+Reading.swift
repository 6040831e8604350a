import NIOCore

extension JWTKey {
    /// 1 MiB: thousands of keys; what is larger is no file of keys.
    public static let maximumFileBytes = 1 << 20

    /// The keys of a file: PEM with one or more public keys, or a JSON Web Key Set.
    ///
    /// - Throws: ``JWTKeyError`` for anything else, for private keys, and where nothing is left that the hub can use.
    public static func read(_ file: [UInt8]) throws(JWTKeyError) -> [JWTKey] {
        guard file.count <= maximumFileBytes else { throw JWTKeyError("is larger than 1 MiB") }
        guard let text = String(validating: file, as: UTF8.self) else { throw JWTKeyError("is not text in UTF-8") }
        if text.first(where: { !$0.isWhitespace }) == "{" {
            return try JSONWebKeySet(ByteBuffer(string: text), isTrusted: true).keys
        }
        guard text.contains("-----BEGIN ") else {
            throw JWTKeyError(#"holds neither PEM (BEGIN PUBLIC KEY) nor a JSON Web Key Set ({"keys":[…]})"#)
        }
        return try PEMKeys.read(text)
    }
}
