import HTTPTypes

/// The parameters of a request target's query, decoded: `application/x-www-form-urlencoded`, strictly.
///
/// Source: https://url.spec.whatwg.org/#urlencoded-parsing. Stricter in that a broken percent escape and bytes that are not
/// UTF-8 are refused, where a browser would guess.
struct Query: Equatable {
    /// One parameter.
    struct Item: Equatable {
        var name: String
        var value: String
    }

    /// In the order of the query; names may repeat.
    private(set) var items: [Item] = []

    /// The query of a request target such as `/stream?channels=chat`; empty if the target has none.
    ///
    /// - Throws: ``Problem/malformedQuery``.
    init(target: some StringProtocol) throws(Problem) {
        let bytes = target.utf8
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { return }
        let rest = bytes[bytes.index(after: mark)...].prefix { $0 != UInt8(ascii: "#") }
        for pair in rest.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            items.append(
                Item(name: try Self.decode(name), value: try Self.decode(pair.dropFirst(name.count + 1)))
            )
        }
    }

    /// The value of a parameter that may stand under two spellings, once.
    ///
    /// - Throws: `repeated_parameter` if it stands there more than once, whichever way it is spelt.
    func value(_ name: String, _ otherName: String? = nil) throws(Problem) -> String? {
        var found: String?
        for item in items where item.name == name || item.name == otherName {
            guard found == nil else {
                throw .repeated(name)
            }
            found = item.value
        }
        return found
    }

    private static func decode(_ raw: some Collection<UInt8>) throws(Problem) -> String {
        // Most need no decoding.
        guard raw.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "%") }) else {
            return String(decoding: raw, as: UTF8.self)
        }
        let spaced = raw.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        guard let text = String(percentEncoded: spaced) else { throw .malformedQuery }
        return text
    }
}
