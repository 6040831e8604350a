/// A path to a member of JSON text, such as `content.id`: keys of objects in objects, separated by dots.
public struct JSONPath: Hashable, Sendable {
    private let keys: [String]

    public init(_ path: some StringProtocol) {
        keys = path.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
    }

    /// What stands there, if it is a string, a number or a boolean; a string begins with a quotation mark, so that `1` and
    /// `"1"` differ. Of a key that stands twice the first one counts.
    ///
    /// - Parameters:
    ///   - json: well-formed text; reading ends with what is looked for.
    ///   - limit: the most bytes that the value may have.
    /// - Returns: `nil` if there is nothing of that kind, or more than `limit` bytes.
    public func scalar(in json: UnsafeRawBufferPointer, limit: Int) -> String? {
        var scanner = JSONScanner(json)
        do {
            for key in keys {
                guard try scanner.enter(key) else { return nil }
            }
            return try scanner.scalar(limit: limit)
        } catch {
            return nil
        }
    }
}

extension JSONScanner {
    /// Goes to the value of a key in the object that begins here.
    ///
    /// - Returns: false if this is no object, or has no such key.
    fileprivate mutating func enter(_ key: String) throws(Malformed) -> Bool {
        skipWhitespace()
        guard take(UInt8(ascii: "{")) else { return false }
        skipWhitespace()
        guard !take(UInt8(ascii: "}")) else { return false }
        repeat {
            skipWhitespace()
            let name = try string()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw Malformed(offset: index) }
            skipWhitespace()
            if matches(name, key) { return true }
            _ = try value(depth: 1)
            skipWhitespace()
        } while take(UInt8(ascii: ","))
        return false
    }

    private func matches(_ name: (range: Range<Int>, hasEscapes: Bool), _ key: String) -> Bool {
        if name.hasEscapes { return text(of: name) == key }
        return name.range.count == key.utf8.count && bytes[name.range].elementsEqual(key.utf8)
    }

    fileprivate mutating func scalar(limit: Int) throws(Malformed) -> String? {
        guard !isAtEnd else { return nil }
        switch bytes[index] {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "n"): return nil
        case UInt8(ascii: "\""):
            let value = try string()
            guard value.range.count <= limit else { return nil }
            return text(of: value).map { "\"" + $0 }
        default:
            let range = try value()
            return range.count <= limit ? String(decoding: bytes[range], as: UTF8.self) : nil
        }
    }
}
