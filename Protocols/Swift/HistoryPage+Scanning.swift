import NIOCore

extension HistoryPage {
    /// Why an answer is not a page of history.
    public struct Malformed: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// Reads the body of an answer. Unknown keys are passed over; each event's data stays as it is, a slice of `body`.
    ///
    /// - Throws: ``Malformed`` unless it is one JSON object with `events`, each with `id`, `event` and `data`, and `more`.
    public static func scan(_ body: ByteBuffer) throws(Malformed) -> HistoryPage {
        let scanned = body.withUnsafeReadableBytes { bytes in
            Result { () throws(Malformed) in try scan(bytes, of: body) }
        }
        return try scanned.get()
    }

    private static func scan(_ bytes: UnsafeRawBufferPointer, of body: ByteBuffer) throws(Malformed) -> HistoryPage {
        var json = JSONScanner(bytes)
        json.skipWhitespace()
        // Once the whole has proved well-formed, nothing but its meaning can be wrong.
        let isObject = (try? json.value(depth: JSONMembers.depth)) != nil
        json.skipWhitespace()
        guard isObject, json.isAtEnd, let page = JSONMembers(bytes, at: 0) else {
            throw Malformed(description: "not one JSON object")
        }
        guard let more = page.flag("more") else { throw Malformed(description: "no \"more\"") }
        guard let list = page["events"], let ranges = JSONMembers.elements(of: list, in: bytes) else {
            throw Malformed(description: "no \"events\"")
        }
        var result = HistoryPage(more: more, latest: page.number("latest_seq").flatMap(EventID.init))
        result.events.reserveCapacity(ranges.count)
        for range in ranges {
            guard let members = JSONMembers(bytes, at: range.lowerBound),
                let id = members.number("id").flatMap(EventID.init), let name = members.text("event"),
                let data = members["data"],
                let slice = body.getSlice(at: body.readerIndex + data.lowerBound, length: data.count)
            else { throw Malformed(description: "event \(result.events.count + 1) lacks id, event or data") }
            result.events.append(
                HistoryEvent(
                    id: id, channel: members.text("channel") ?? "", name: name, data: slice,
                    timestamp: members.text("timestamp") ?? ""
                )
            )
        }
        if let gap = page["gap"].flatMap({ JSONMembers(bytes, at: $0.lowerBound) }), let from = gap.number("from") {
            result.gap = Missing(from: from, to: gap.number("to"))
        } else if page.flag("recovered") == false {
            result.gap = Missing(from: 0, to: nil)
        }
        return result
    }
}

/// The members of one object of a JSON text that has proved well-formed. Of a key that stands twice the last one counts.
private struct JSONMembers {
    /// −2: an event's data stands two levels deeper here than in the envelope that it came in, and may be as deep as there.
    static let depth = -2

    private let bytes: UnsafeRawBufferPointer
    private var ranges: [String: Range<Int>] = [:]

    /// - Parameter offset: where the object begins, white space before it allowed. `nil` if anything else is there.
    init?(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        self.bytes = bytes
        var json = JSONScanner(bytes, at: offset)
        json.skipWhitespace()
        guard json.take(UInt8(ascii: "{")) else { return nil }
        json.skipWhitespace()
        if json.take(UInt8(ascii: "}")) { return }
        repeat {
            json.skipWhitespace()
            guard let key = try? json.string() else { return nil }
            json.skipWhitespace()
            _ = json.take(UInt8(ascii: ":"))
            json.skipWhitespace()
            guard let value = try? json.value(depth: Self.depth) else { return nil }
            if let name = json.text(of: key) { ranges[name] = value }
            json.skipWhitespace()
        } while json.take(UInt8(ascii: ","))
    }

    subscript(_ name: String) -> Range<Int>? { ranges[name] }

    func number(_ name: String) -> UInt64? {
        ranges[name].flatMap { UInt64(digits: UnsafeRawBufferPointer(rebasing: bytes[$0])) }
    }

    func flag(_ name: String) -> Bool? {
        switch ranges[name].map({ bytes[$0.lowerBound] }) {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    func text(_ name: String) -> String? {
        guard let range = ranges[name] else { return nil }
        var json = JSONScanner(bytes, at: range.lowerBound)
        return (try? json.string()).flatMap { json.text(of: $0) }
    }

    /// Where the elements of an array stand; `nil` if it is none.
    static func elements(of range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> [Range<Int>]? {
        var json = JSONScanner(bytes, at: range.lowerBound)
        guard json.take(UInt8(ascii: "[")) else { return nil }
        var elements: [Range<Int>] = []
        json.skipWhitespace()
        if json.take(UInt8(ascii: "]")) { return elements }
        repeat {
            json.skipWhitespace()
            guard let value = try? json.value(depth: depth) else { return nil }
            elements.append(value)
            json.skipWhitespace()
        } while json.take(UInt8(ascii: ","))
        return elements
    }
}
