package import NIOCore

/// Writes texts at paths of JSON, such as `content.actor_type`, and leaves every other byte as it was.
///
/// Keys are compared by what they mean: an escaped one (`"user\u0049d"`) is the same key to a JSON parser, so it must be here.
/// A key on the way to a path that stands twice is refused, because two readers could disagree about which counts.
package struct JSONStamp: Sendable {
    /// What to do where a path leads.
    package struct Rule: Sendable, Equatable {
        package var path: String
        /// What stands there afterwards, as a string.
        package var text: String
        /// Something else that stands there is refused rather than replaced; null is nothing.
        package var refusesOthers: Bool
        /// It is added where there is nothing; otherwise only what is there is judged.
        package var isAdded: Bool

        package init(_ path: String, _ text: String, refusesOthers: Bool, isAdded: Bool) {
            self.path = path
            self.text = text
            self.refusesOthers = refusesOthers
            self.isAdded = isAdded
        }
    }

    /// Why nothing was written; each with the path, empty for the whole text.
    package enum Refusal: Error, Sendable, Equatable {
        /// Something is to be added here, and this is no object.
        case notAnObject(path: String)
        case repeatedKey(path: String)
        case otherText(path: String)
        case malformed
    }

    /// The rules as a tree of keys.
    private struct Node: Sendable {
        let key: String
        let path: String
        var rule: Rule?
        var children: [Node] = []
        /// There is something to add here or below.
        var adds = false

        mutating func insert(_ rule: Rule, at keys: ArraySlice<String>) {
            adds = adds || rule.isAdded
            guard let key = keys.first else { return self.rule = rule }
            if let index = children.firstIndex(where: { $0.key == key }) {
                children[index].insert(rule, at: keys.dropFirst())
            } else {
                var child = Node(key: key, path: path.isEmpty ? key : "\(path).\(key)")
                child.insert(rule, at: keys.dropFirst())
                children.append(child)
            }
        }
    }

    /// Bytes that are replaced by others; an empty range is an insertion.
    private struct Edit {
        var range: Range<Int>
        var text: ByteBuffer
    }

    private var root = Node(key: "", path: "")

    /// - Parameter rules: of those whose paths contain each other the shorter one counts. What is added is added in their order.
    package init(_ rules: [Rule]) {
        for rule in rules { root.insert(rule, at: Self.keys(of: rule.path)[...]) }
    }

    /// The keys of a path: they are separated by dots.
    static func keys(of path: String) -> [String] {
        path.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
    }

    /// Applies the rules.
    ///
    /// - Parameter json: one JSON value.
    /// - Returns: the very same bytes if there is nothing to change.
    package func apply(to json: ByteBuffer) throws(Refusal) -> ByteBuffer {
        let edits = try json.withUnsafeReadableBytes { bytes in
            Result { () throws(Refusal) in
                var stamper = Stamper(json: JSONScanner(bytes))
                try stamper.judge(root)
                return stamper.edits
            }
        }.get()
        guard !edits.isEmpty else { return json }
        var stamped = ByteBuffer()
        stamped.reserveCapacity(json.readableBytes + edits.reduce(0) { $0 + $1.text.readableBytes })
        var written = 0
        for edit in edits {
            stamped.writeImmutableBuffer(slice(json, written..<edit.range.lowerBound))
            stamped.writeImmutableBuffer(edit.text)
            written = edit.range.upperBound
        }
        stamped.writeImmutableBuffer(slice(json, written..<json.readableBytes))
        return stamped
    }

    /// The range lies within the bytes that were scanned.
    private func slice(_ json: ByteBuffer, _ range: Range<Int>) -> ByteBuffer {
        json.getSlice(at: json.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    /// One pass over the text. The edits come in the order of their places.
    private struct Stamper {
        var json: JSONScanner
        private(set) var edits: [Edit] = []

        /// Judges the value that begins here.
        mutating func judge(_ node: Node) throws(Refusal) {
            json.skipWhitespace()
            if let rule = node.rule {
                try settle(rule)
            } else if !json.isAtEnd, json.bytes[json.index] == UInt8(ascii: "{") {
                try judgeMembers(node)
            } else {
                guard !node.adds else { throw .notAnObject(path: node.path) }
                _ = try value()
            }
        }

        private mutating func judgeMembers(_ node: Node) throws(Refusal) {
            _ = json.take(UInt8(ascii: "{"))
            var missing = node.children
            var seen: [Node] = []
            // Behind the last member.
            var end = json.index
            var isEmpty = true
            json.skipWhitespace()
            if !json.take(UInt8(ascii: "}")) {
                repeat {
                    let key = try self.key()
                    if let child = seen.first(where: { matches(key, $0.key) }) { throw .repeatedKey(path: child.path) }
                    if let index = missing.firstIndex(where: { matches(key, $0.key) }) {
                        let child = missing.remove(at: index)
                        seen.append(child)
                        try judge(child)
                    } else {
                        _ = try value()
                    }
                    end = json.index
                    isEmpty = false
                    json.skipWhitespace()
                } while json.take(UInt8(ascii: ","))
                guard json.take(UInt8(ascii: "}")) else { throw .malformed }
            }
            let text = Self.members(missing, isFirst: isEmpty)
            if text.readableBytes > 0 { edits.append(Edit(range: end..<end, text: text)) }
        }

        private mutating func settle(_ rule: Rule) throws(Refusal) {
            let start = json.index
            let isNull = !json.isAtEnd && json.bytes[start] == UInt8(ascii: "n")
            if !json.isAtEnd, json.bytes[start] == UInt8(ascii: "\"") {
                let string = try scan { json throws(JSONScanner.Malformed) in try json.string() }
                if matches(string, rule.text) { return }
            } else {
                _ = try value()
                if isNull, !rule.isAdded { return }
            }
            guard isNull || !rule.refusesOthers else { throw .otherText(path: rule.path) }
            var text = ByteBuffer()
            text.writeJSONString(rule.text)
            edits.append(Edit(range: start..<json.index, text: text))
        }

        /// What the nodes add to an object.
        private static func members(_ nodes: [Node], isFirst: Bool) -> ByteBuffer {
            var text = ByteBuffer()
            for node in nodes where node.adds {
                if !isFirst || text.readableBytes > 0 { text.writeStaticString(",") }
                text.writeJSONString(node.key)
                text.writeStaticString(":")
                if let rule = node.rule {
                    text.writeJSONString(rule.text)
                } else {
                    text.writeStaticString("{")
                    text.writeImmutableBuffer(members(node.children, isFirst: true))
                    text.writeStaticString("}")
                }
            }
            return text
        }

        // MARK: Scanning

        /// Consumes a key and what stands between it and its value.
        private mutating func key() throws(Refusal) -> (range: Range<Int>, hasEscapes: Bool) {
            json.skipWhitespace()
            let key = try scan { json throws(JSONScanner.Malformed) in try json.string() }
            json.skipWhitespace()
            guard json.take(UInt8(ascii: ":")) else { throw .malformed }
            json.skipWhitespace()
            return key
        }

        private mutating func value() throws(Refusal) -> Range<Int> {
            try scan { json throws(JSONScanner.Malformed) in try json.value() }
        }

        private mutating func scan<Value>(
            _ body: (inout JSONScanner) throws(JSONScanner.Malformed) -> Value
        ) throws(Refusal) -> Value {
            do {
                return try body(&json)
            } catch {
                throw .malformed
            }
        }

        /// Byte for byte: to Swift's `==`, and to nobody else's, a Kelvin sign is a K.
        private func matches(_ string: (range: Range<Int>, hasEscapes: Bool), _ text: String) -> Bool {
            if string.hasEscapes { return json.text(of: string).map { $0.utf8.elementsEqual(text.utf8) } ?? false }
            return string.range.count == text.utf8.count && json.bytes[string.range].elementsEqual(text.utf8)
        }
    }
}
