import TributaryCore
import TributaryProtocol

/// Reads claims of a token by their kinds. What is of another kind is refused and not passed over, null included: nobody knows what
/// its issuer meant to grant.
struct ClaimReader: Sendable {
    /// A list of names, or all that there are.
    enum Names: Sendable, Equatable {
        case all
        case named([String])
    }

    private let members: [String: JSONValue]
    /// Where they stand, for the reason.
    private let path: String?

    init(_ members: [String: JSONValue], path: String? = nil) {
        self.members = members
        self.path = path
    }

    /// A text.
    ///
    /// - Throws: as all here, `invalid_token`.
    func text(_ name: String) throws(Problem) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.string else { throw wrong(name, "text") }
        return text
    }

    func flag(_ name: String) throws(Problem) -> Bool? {
        guard let value = members[name] else { return nil }
        guard case .bool(let flag) = value else { throw wrong(name, "true or false") }
        return flag
    }

    func object(_ name: String) throws(Problem) -> ClaimReader? {
        guard let value = members[name] else { return nil }
        guard case .object(let members) = value else { throw wrong(name, "an object") }
        return ClaimReader(members, path: full(name))
    }

    /// Seconds since 1970, with a fraction or without.
    func instant(_ name: String) throws(Problem) -> Instant? {
        guard let value = members[name] else { return nil }
        let seconds: Double
        switch value {
        case .integer(let number): seconds = Double(number)
        case .number(let number): seconds = number
        default: throw wrong(name, "a time in seconds since 1970")
        }
        // The end of the year 9999: milliseconds up to there are exact.
        guard (0...253_402_300_799).contains(seconds) else { throw wrong(name, "a time in seconds since 1970") }
        return Instant(milliseconds: UInt64(seconds * 1_000))
    }

    /// One text, or several in a list.
    func textOrTexts(_ name: String) throws(Problem) -> [String]? {
        if let text = members[name]?.string { return [text] }
        return try texts(name, or: "text, or a list of texts")
    }

    /// A list of names, or `"*"`, by itself or in the list, for all.
    func names(_ name: String) throws(Problem) -> Names? {
        if members[name]?.string == "*" { return .all }
        return try texts(name, or: "a list of names, or \"*\"").map { $0.contains("*") ? .all : .named($0) }
    }

    private func texts(_ name: String, or kind: String) throws(Problem) -> [String]? {
        guard let value = members[name] else { return nil }
        guard case .array(let elements) = value else { throw wrong(name, kind) }
        let texts = elements.compactMap(\.string)
        guard texts.count == elements.count else { throw wrong(name, kind) }
        return texts
    }

    private func full(_ name: String) -> String { path.map { "\($0).\(name)" } ?? name }

    private func wrong(_ name: String, _ kind: String) -> Problem {
        .invalidToken("The token's \(full(name)) is not \(kind).")
    }
}
