import HTTPTypes

/// The name of a header field, such as `X-Signature`.
public struct HeaderName: Sendable, Equatable, CustomStringConvertible {
    /// Why a text cannot be one.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let description = "a header's name is letters, digits and hyphens, such as X-Signature"
    }

    let field: HTTPField.Name

    /// - Throws: ``Invalid``; also for what RFC 9110 would allow, but hardly a proxy passes on.
    public init(_ text: String) throws(Invalid) {
        guard text.utf8.allSatisfy(Self.allows), let field = HTTPField.Name(text) else { throw Invalid() }
        self.field = field
    }

    /// A letter, a digit or a hyphen.
    static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    public var description: String { field.rawName }
}
