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
    /// - Throws: `unknown_channel`.
    func channels(in list: String?) throws(Problem) -> ChannelSet {
        let all = ChannelSet.all(of: channels.count)
        var found: ChannelSet = []
        for item in (list ?? "").split(separator: ",") {
            let name = item.trimming { $0 == " " }
            if name == "all" {
                found = all
            } else if let index = index(of: name) {
                found.insert(ChannelSet(index: index))
            } else {
                throw .unknownChannel(String(name))
            }
        }
        return found.isEmpty ? all : found
    }
}

extension StringProtocol {
    /// Without the characters at both ends that satisfy `predicate`.
    fileprivate func trimming(where predicate: (Character) -> Bool) -> SubSequence {
        let start = drop(while: predicate)
        let end = start.lastIndex { !predicate($0) }.map { index(after: $0) } ?? start.startIndex
        return start[start.startIndex..<end]
    }
}
