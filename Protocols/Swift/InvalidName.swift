/// A name from outside that breaks the rules of its kind.
///
/// Thrown once, where a name enters; every value that exists has passed.
public struct InvalidName: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the name was meant to be, such as `channel` or `project_id`.
    public let kind: String
    /// What a valid name looks like, for the person who reads the error.
    public let rule: String

    public init(kind: String, rule: String) {
        self.kind = kind
        self.rule = rule
    }

    public var description: String { "not a valid \(kind): \(rule)" }
}

extension StringProtocol {
    /// True for 1 to `limit` bytes that all satisfy `allowed`.
    func isName(limit: Int, allowed: (UInt8) -> Bool) -> Bool {
        let bytes = utf8
        guard !bytes.isEmpty, bytes.count <= limit else { return false }
        return bytes.withContiguousStorageIfAvailable { $0.allSatisfy(allowed) } ?? bytes.allSatisfy(allowed)
    }
}

extension UInt8 {
    var isLowercaseLetter: Bool { self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z") }
    var isUppercaseLetter: Bool { self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") }
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    /// A byte of a project or client instance identifier: `A-Z a-z 0-9 . _ : @ -`.
    var isIdentifierByte: Bool {
        isLowercaseLetter || isUppercaseLetter || isDigit
            || self == UInt8(ascii: ".") || self == UInt8(ascii: "_") || self == UInt8(ascii: ":")
            || self == UInt8(ascii: "@") || self == UInt8(ascii: "-")
    }

    /// C0 controls and DEL.
    var isControl: Bool { self < 0x20 || self == 0x7F }
}
