/// Who reads a stream: 1 to 256 bytes of printable UTF-8, such as `auth0|5f…` or `a+b@c.de`.
public struct UserID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// - Throws: ``InvalidName`` if `rawValue` is empty, longer than 256 bytes of UTF-8, or holds a control character.
    public init(_ rawValue: some StringProtocol) throws(InvalidName) {
        let text = String(rawValue)
        guard text.isName(limit: 256, allowed: { _ in true }), Self.isPrintable(text) else {
            throw InvalidName(kind: "user_id", rule: "1 to 256 bytes of printable UTF-8")
        }
        self.rawValue = text
    }

    private static func isPrintable(_ text: String) -> Bool {
        // Nearly all users are ASCII, and need no table of Unicode.
        text.utf8.allSatisfy { 0x20..<0x7F ~= $0 } || text.unicodeScalars.allSatisfy(\.isPrintable)
    }

    /// Byte by byte: to Swift's strings the Kelvin sign is a K, to everybody else they are two users.
    public static func == (left: UserID, right: UserID) -> Bool {
        let equal: Bool?? = left.rawValue.utf8.withContiguousStorageIfAvailable { left in
            right.rawValue.utf8.withContiguousStorageIfAvailable { right in
                UnsafeRawBufferPointer(left).equals(UnsafeRawBufferPointer(right))
            }
        }
        return (equal ?? nil) ?? left.rawValue.utf8.elementsEqual(right.rawValue.utf8)
    }

    public var description: String { rawValue }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .unassigned, .surrogate: false
        default: true
        }
    }
}
