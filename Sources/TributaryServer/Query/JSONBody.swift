import Foundation
import HTTPTypes
import NIOCore
import TributaryProtocol

/// The members of a request's body, one JSON object, whatever its `Content-Type` says. Members that nobody asks for are passed
/// over; null counts as absent.
struct JSONBody: Equatable {
    let members: [String: JSONValue]

    /// Of a request that needs none.
    static let empty = JSONBody(members: [:])

    private init(members: [String: JSONValue]) {
        self.members = members
    }

    /// - Throws: `malformed_json` for anything but one object.
    init(_ bytes: ByteBuffer) throws(Problem) {
        guard bytes.withUnsafeReadableBytes({ isJSON($0) }),
            let members = try? JSONDecoder().decode([String: JSONValue].self, from: Data(bytes.readableBytesView))
        else { throw Problem(.badRequest, "malformed_json", "Send one JSON object in UTF-8.") }
        self.members = members.filter { $0.value != .null }
    }

    /// A text.
    ///
    /// - Throws: `invalid_<name>` for anything else.
    func text(_ name: String) throws(Problem) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.string else { throw .invalid(name, "is a string") }
        return text
    }

    /// A list of texts.
    ///
    /// - Throws: `invalid_<name>` for anything else.
    func texts(_ name: String) throws(Problem) -> [String]? {
        guard let value = members[name] else { return nil }
        guard case .array(let elements) = value else { throw .invalid(name, "is an array of strings") }
        let texts = elements.compactMap(\.string)
        guard texts.count == elements.count else { throw .invalid(name, "is an array of strings") }
        return texts
    }

    /// An id, or 0 for the beginning, as a number or its digits.
    ///
    /// - Throws: `invalid_<name>` for anything else.
    func id(_ name: String) throws(Problem) -> UInt64? {
        switch members[name] {
        case nil: nil
        case .integer(let number): try Query.id(String(number), of: name)
        case .string(let text): try Query.id(text, of: name)
        default: try Query.id("", of: name)
        }
    }
}

extension Problem {
    fileprivate static func invalid(_ name: String, _ rule: String) -> Problem {
        Problem(.badRequest, "invalid_\(name)", "\"\(name)\" \(rule).")
    }

    /// What a request has to name and doesn't.
    static func missing(_ name: String) -> Problem {
        Problem(.badRequest, "missing_\(name)", "Give \"\(name)\".")
    }
}
