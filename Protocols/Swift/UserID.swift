/// Who reads a stream: 1 to 256 bytes of printable UTF-8, such as `auth0|5f…` or `a+b@c.de`.
public struct UserID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// - Throws: ``InvalidName`` if `rawValue` is empty, longer than 256 bytes of UTF-8, or holds a control character.
    public init(_ rawValue: some StringProtocol) throws(InvalidName) {
        let printable = rawValue.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .unassigned, .surrogate: false
            default: true
            }
        }
        guard printable, rawValue.isName(limit: 256, allowed: { _ in true }) else {
            throw InvalidName(kind: "user_id", rule: "1 to 256 bytes of printable UTF-8")
        }
        self.rawValue = String(rawValue)
    }

    /// Byte by byte: to Swift's strings the Kelvin sign is a K, to everybody else they are two users.
    public static func == (left: UserID, right: UserID) -> Bool {
        left.rawValue == right.rawValue && left.rawValue.utf8.elementsEqual(right.rawValue.utf8)
    }

    public var description: String { rawValue }
}
