/// An identifier that some services send as a string and others as a number. It stays what it came as.
public enum Identifier: Hashable, Sendable, CustomStringConvertible {
    case string(String)
    case integer(Int64)

    /// The same text for `7` and `"7"`, for keys of dictionaries.
    public var description: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        }
    }
}

extension Identifier: Codable {
    /// - Throws: a `DecodingError` for anything but a string or a whole number of 64 bits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .string(text)
        } else {
            self = .integer(try container.decode(Int64.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        }
    }
}

extension Identifier: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
}
