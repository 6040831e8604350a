public import Foundation

/// When something happened: ISO 8601 text, or a number of milliseconds since 1970. It stays what it came as.
public enum Timestamp: Hashable, Sendable, CustomStringConvertible {
    case text(String)
    case milliseconds(Double)

    /// The moment as ISO 8601 text in UTC with milliseconds, as the hub writes it.
    public init(_ date: Date) {
        self = .text(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }

    /// `nil` for text that is not ISO 8601.
    public var date: Date? {
        switch self {
        case .milliseconds(let number): Date(timeIntervalSince1970: number / 1_000)
        case .text(let text):
            (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
                ?? (try? Date.ISO8601FormatStyle().parse(text))
        }
    }

    public var description: String {
        switch self {
        case .text(let text): text
        case .milliseconds(let number): String(number)
        }
    }
}

extension Timestamp: Codable {
    /// - Throws: a `DecodingError` for anything but a string or a number.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .milliseconds(try container.decode(Double.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .milliseconds(let number): try container.encode(number)
        }
    }
}

extension Timestamp: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
}
