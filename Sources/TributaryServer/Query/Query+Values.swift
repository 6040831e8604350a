import HTTPTypes
import TributaryCore
import TributaryProtocol

extension Query {
    /// A parameter that is an id, or 0 for the beginning.
    ///
    /// - Throws: `invalid_<name>` for anything else, `repeated_parameter`.
    func id(_ name: String) throws(Problem) -> UInt64? {
        guard let text = try value(name) else { return nil }
        return try Self.id(text, of: name)
    }

    /// The project, under either spelling.
    ///
    /// - Throws: `invalid_project_id`, `repeated_parameter`.
    func project() throws(Problem) -> ProjectID? {
        guard let text = try value("project_id", "projectId") else { return nil }
        return try Problem.rethrowing { () throws(InvalidName) in try ProjectID(text) }
    }

    /// The user that the query names.
    ///
    /// - Throws: `invalid_user_id`, `repeated_parameter`.
    func user() throws(Problem) -> UserID? {
        guard let text = try value("user_id") else { return nil }
        return try Problem.rethrowing { () throws(InvalidName) in try UserID(text) }
    }

    /// A number of items.
    ///
    /// - Throws: `invalid_limit`, `repeated_parameter`.
    func limit(standard: Int, maximum: Int) throws(Problem) -> Int {
        guard let text = try value("limit") else { return standard }
        guard let value = UInt64(digits: text.utf8), (1...UInt64(maximum)).contains(value) else {
            throw Problem(.badRequest, "invalid_limit", "\"limit\" is a number within 1–\(maximum).")
        }
        return Int(value)
    }

    /// - Throws: `invalid_<name>`.
    static func id(_ text: String, of name: String) throws(Problem) -> UInt64 {
        guard let value = UInt64(digits: text.utf8) else {
            throw Problem(
                .badRequest, "invalid_\(name)", "\"\(name)\" is an id: a whole number from 0 to 9007199254740991."
            )
        }
        return value
    }
}

extension Catalog {
    /// The channels of a list with commas in between, by name or alias; all of them for `all`, an empty list and none.
    ///
    /// - Returns: also whether they are all only because none is named.
    /// - Throws: `unknown_channel`.
    func channels(in list: String?) throws(Problem) -> (channels: ChannelSet, isAll: Bool) {
        let names = (list ?? "").utf8.split(separator: UInt8(ascii: ",")).map { Substring($0.trimmingSpaces()) }
        let found = try channels(named: names)
        return found.isEmpty ? (.all(of: channels.count), true) : (found, names.contains("all"))
    }

    /// The channels with these names or aliases; `all` is all of them.
    ///
    /// - Throws: `unknown_channel`.
    func channels(named names: [some StringProtocol]) throws(Problem) -> ChannelSet {
        var found: ChannelSet = []
        for name in names {
            if name == "all" {
                found = .all(of: channels.count)
            } else if let index = index(of: name) {
                found.insert(ChannelSet(index: index))
            } else {
                throw .unknownChannel(String(name))
            }
        }
        return found
    }
}

extension Substring.UTF8View {
    /// Without the spaces at both ends.
    fileprivate func trimmingSpaces() -> Self {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") }
        let start = drop(while: isSpace)
        let end = start.lastIndex { !isSpace($0) }.map { index(after: $0) } ?? start.startIndex
        return start[start.startIndex..<end]
    }
}
