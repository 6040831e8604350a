import Foundation
import NIOCore
import TributaryProtocol

/// A token taken apart, before anybody has verified it.
///
/// Source: https://www.rfc-editor.org/rfc/rfc7515#section-5.2, strictly: one spelling of base64url, no extension that the hub would
/// have to understand (`crit`), no key that the token brings along (`jwk`, `jku`, `x5c` and `x5u` are never looked at).
struct JSONWebToken: Sendable {
    /// What the token says about its signature.
    struct Header: Sendable, Equatable {
        var algorithm: JWSAlgorithm
        /// The key that it was signed with (`kid`).
        var keyID: String?
    }

    let header: Header
    /// Header and payload as they were signed.
    let signedBytes: [UInt8]
    let signature: [UInt8]
    /// Claims, to be read once the signature holds.
    let payload: [UInt8]

    /// 8 KiB: half of what a request's head may take; issuers that put groups into theirs stay below 4.
    static let maximumBytes = 8 << 10

    /// Whether a text is meant to be such a token: three parts in base64url, the first an object. The signature may be empty: such
    /// a token is refused rather than left to others.
    static func isShaped(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // "e": what an opening brace begins with.
        return parts.count == 3 && parts[0].first == UInt8(ascii: "e")
            && parts.allSatisfy { $0.allSatisfy { [UInt8].isBase64URL($0) } }
    }

    /// - Throws: `invalid_token`.
    init(_ text: some StringProtocol) throws(Problem) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumBytes else { throw .invalidToken("The token is longer than 8 KiB.") }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let head = [UInt8](base64URL: parts[0]), let payload = [UInt8](base64URL: parts[1]),
            let signature = [UInt8](base64URL: parts[2])
        else { throw .invalidToken("The token is not three parts in base64url.") }
        guard let members = Self.object(head) else { throw .invalidToken("The token's header is no JSON object.") }
        header = try Header(members)
        signedBytes = Array(bytes[..<parts[1].endIndex])
        self.signature = signature
        self.payload = payload
    }

    /// - Throws: `invalid_token` for a payload that is no JSON object.
    func claims() throws(Problem) -> [String: JSONValue] {
        guard let claims = Self.object(payload) else { throw .invalidToken("The token's claims are no JSON object.") }
        return claims
    }

    private static func object(_ bytes: [UInt8]) -> [String: JSONValue]? {
        guard bytes.withUnsafeBytes({ isJSON($0) }) else { return nil }
        return try? JSONDecoder().decode([String: JSONValue].self, from: Data(bytes))
    }
}

extension JSONWebToken.Header {
    /// What tokens call themselves that are meant to be shown as a proof of who one is. Others that the same issuer signs, such as
    /// for a logout, are not: https://www.rfc-editor.org/rfc/rfc8725#section-3.11
    private static let types: Set<String> = ["jwt", "at+jwt"]

    fileprivate init(_ members: [String: JSONValue]) throws(Problem) {
        guard members["crit"] == nil else { throw .invalidToken("The token needs an extension (crit).") }
        guard let name = members["alg"]?.string, let algorithm = JWSAlgorithm(rawValue: name) else {
            let known = JWSAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidToken("The token is not signed in a way that the hub takes: \(known).")
        }
        if let type = members["typ"] {
            let name = type.string?.lowercased()
            let short = name.map { $0.hasPrefix("application/") ? String($0.dropFirst(12)) : $0 }
            guard let short, Self.types.contains(short) else {
                throw .invalidToken("The token's type (typ) is neither JWT nor at+jwt.")
            }
        }
        if let id = members["kid"] {
            guard let id = id.string else { throw .invalidToken("The token's kid is no text.") }
            keyID = id
        }
        self.algorithm = algorithm
    }
}
