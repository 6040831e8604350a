/// What a client says it is, as the hub keeps and shows it.
enum UserAgent {
    /// 256 bytes: as long as those of browsers get, and nothing for tens of thousands of streams.
    static let maximumBytes = 256

    /// The header's value with spaces for what would break a line or a terminal, cut at a character's end.
    ///
    /// - Returns: `nil` for none, and for one that is empty.
    static func shortened(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        // As those of browsers are.
        if text.utf8.count <= maximumBytes, text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) { return text }
        var short = ""
        for character in text {
            let printable = character.unicodeScalars.allSatisfy(isPrintable) ? character : " "
            guard short.utf8.count + printable.utf8.count <= maximumBytes else { break }
            short.append(printable)
        }
        return short
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .unassigned, .surrogate: false
        default: true
        }
    }
}
