import JWTKit

/// Reads public keys in PEM. Text around them is passed over, as RFC 7468 allows.
enum PEMKeys {
    /// - Throws: ``JWTKeyError`` for the first block that is no public key that the hub can use.
    static func read(_ text: String) throws(JWTKeyError) -> [JWTKey] {
        var keys: [JWTKey] = []
        var block: (label: String, lines: [Substring])?
        for line in text.split(whereSeparator: \.isNewline) {
            if let label = label(of: line, "BEGIN") {
                guard block == nil else { throw JWTKeyError("has a PEM block without an end") }
                block = (label, [line])
            } else if let open = block {
                block?.lines.append(line)
                guard let label = label(of: line, "END") else { continue }
                guard label == open.label else { throw JWTKeyError("has a PEM block that ends as another one") }
                let pem = (open.lines + [line]).joined(separator: "\n")
                keys.append(try key(label, pem, number: keys.count + 1))
                block = nil
            }
        }
        guard block == nil else { throw JWTKeyError("has a PEM block without an end") }
        guard !keys.isEmpty else { throw JWTKeyError("has no PEM block on lines of its own") }
        return keys
    }

    private static func label(of line: Substring, _ kind: String) -> String? {
        guard line.hasPrefix("-----\(kind) "), let end = line.dropFirst(5).firstRange(of: "-----") else { return nil }
        return String(line.dropFirst(kind.count + 6)[..<end.lowerBound])
    }

    private static func key(_ label: String, _ pem: String, number: Int) throws(JWTKeyError) -> JWTKey {
        switch label {
        case "PUBLIC KEY", "RSA PUBLIC KEY": break
        case "CERTIFICATE":
            throw JWTKeyError("holds a certificate: take its key out with openssl x509 -pubkey -noout")
        case _ where label.hasSuffix("PRIVATE KEY"):
            throw JWTKeyError("holds a private key, which the hub has no use for: give the public one")
        default: throw JWTKeyError("holds a PEM block that is no public key (BEGIN PUBLIC KEY)")
        }
        if let key = try? ES256PublicKey(pem: pem) {
            return JWTKey(id: nil, material: .p256(key), algorithms: [.es256])
        }
        if let key = try? EdDSA.PublicKey(pem: pem) {
            return JWTKey(id: nil, material: .ed25519(key), algorithms: [.edDSA])
        }
        if let key = try? Insecure.RSA.PublicKey(pem: pem) {
            return JWTKey(id: nil, material: .rsa(key), algorithms: [.rs256])
        }
        throw JWTKeyError("key \(number) is none of RSA with 2048 bits or more, P-256 and Ed25519")
    }
}
