/// Text with `{fields}` in it. Braces around anything but a small word are text, so JSON needs no escapes.
public struct Template: Sendable, Equatable {
    enum Part: Sendable, Equatable {
        case text(String)
        case field(String)
    }

    /// As it was written.
    public let source: String

    /// The pieces, in order.
    let parts: [Part]

    public init(_ source: String) {
        self.source = source
        parts = Self.parts(of: source)
    }

    private static func parts(of source: String) -> [Part] {
        var parts: [Part] = []
        var rest = source[...]
        var text = ""
        while let brace = rest.firstIndex(of: "{") {
            text += rest[..<brace]
            let inner = rest[rest.index(after: brace)...]
            let name = inner.prefix { $0.isASCII && ($0.isLowercase || $0 == "_") }
            if !name.isEmpty, name.endIndex < rest.endIndex, rest[name.endIndex] == "}" {
                if !text.isEmpty { parts.append(.text(text)) }
                text = ""
                parts.append(.field(String(name)))
                rest = rest[rest.index(after: name.endIndex)...]
            } else {
                text += "{"
                rest = inner
            }
        }
        text += rest
        if !text.isEmpty { parts.append(.text(text)) }
        return parts
    }

    /// The names of its fields.
    var fields: Set<String> {
        Set(parts.compactMap { if case .field(let name) = $0 { name } else { nil } })
    }

    /// - Throws: ``BenchError`` for a field that is none of `known`.
    public func check(_ known: [String], option: String) throws {
        for name in fields.subtracting(known).sorted() {
            let list = known.map { "{\($0)}" }.joined(separator: " ")
            throw BenchError("\(option): {\(name)} is no field (there are \(list))")
        }
    }

    /// The text with each field replaced.
    func filled(_ value: (String) -> String) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .field(let name): value(name)
            }
        }.joined()
    }
}
