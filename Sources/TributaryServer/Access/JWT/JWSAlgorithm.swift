/// How a token may be signed. There are no others: what a token names beside these, `none` before all, is refused.
///
/// Source: https://www.rfc-editor.org/rfc/rfc7518#section-3.1 and https://www.rfc-editor.org/rfc/rfc8037#section-3.1
enum JWSAlgorithm: String, Sendable, CaseIterable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    case rs256 = "RS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"

    /// Signed with what verifies: such a key is never fetched from somewhere.
    var isSymmetric: Bool { minimumSecretBytes != nil }

    /// A secret is as long as the hash, or longer: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
    var minimumSecretBytes: Int? {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512: 64
        case .rs256, .es256, .edDSA: nil
        }
    }
}
