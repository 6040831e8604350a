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

    /// The value of a parameter that may stand under several spellings, once.
    ///
    /// - Throws: `repeated_parameter` if it stands there more than once, whichever way it is spelt.
    func value(_ names: String...) throws(Problem) -> String? {
        var found: String?
        for item in items where names.contains(item.name) {
            guard found == nil else {
                throw Problem(
                    .badRequest, "repeated_parameter", "Give \"\(names[0])\" once.",
                    details: [Problem.Detail(name: "parameter", value: names[0])]
                )
            }
            found = item.value
        }
        return found
    }

    private static func decode(_ raw: some Sequence<UInt8>) throws(Problem) -> String {
        var bytes: [UInt8] = []
        var iterator = raw.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"):
                bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit) else {
                    throw .malformedQuery
                }
                bytes.append(high << 4 | low)
            default:
                bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformedQuery }
        return text
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
