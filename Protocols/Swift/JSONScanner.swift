/// A strict one-pass reader of JSON text (RFC 8259): it validates, and says where values begin and end; it builds nothing.
///
/// Stricter than most parsers, because what passes is handed on byte for byte to parsers nobody here chose:
/// no `NaN`, no leading zeros, no raw control characters in strings, no bytes that are not UTF-8.
struct JSONScanner {
    /// Why the text is not JSON, and where.
    struct Malformed: Error, Equatable {
        let offset: Int
    }

    /// Deeper nesting is refused: common parsers of clients stop at 512 (Foundation) to 1,000 (Python) levels.
    static let maximumDepth = 256

    let bytes: UnsafeRawBufferPointer
    private(set) var index: Int

    init(_ bytes: UnsafeRawBufferPointer, at index: Int = 0) {
        self.bytes = bytes
        self.index = index
    }

    /// The next byte, or 0 at the end; 0 never begins a token.
    private var current: UInt8 { index < bytes.count ? bytes[index] : 0 }

    var isAtEnd: Bool { index >= bytes.count }

    mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): index += 1
            default: return
            }
        }
    }

    /// Consumes `byte` if it comes next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// Consumes one value of any kind and returns its range, surrounding white space excluded.
    mutating func value(depth: Int = 0) throws(Malformed) -> Range<Int> {
        let start = index
        switch current {
        case UInt8(ascii: "{"): try object(depth: depth)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try number()
        }
        return start..<index
    }

    private mutating func object(depth: Int) throws(Malformed) {
        guard depth < Self.maximumDepth else { throw Malformed(offset: index) }
        index += 1
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return }
        repeat {
            skipWhitespace()
            _ = try string()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw Malformed(offset: index) }
            skipWhitespace()
            _ = try value(depth: depth + 1)
            skipWhitespace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw Malformed(offset: index) }
    }

    private mutating func array(depth: Int) throws(Malformed) {
        guard depth < Self.maximumDepth else { throw Malformed(offset: index) }
        index += 1
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return }
        repeat {
            skipWhitespace()
            _ = try value(depth: depth + 1)
            skipWhitespace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw Malformed(offset: index) }
    }

    private mutating func literal(_ text: StaticString) throws(Malformed) {
        guard bytes.count - index >= text.utf8CodeUnitCount else { throw Malformed(offset: index) }
        for offset in 0..<text.utf8CodeUnitCount where bytes[index + offset] != text.utf8Start[offset] {
            throw Malformed(offset: index)
        }
        index += text.utf8CodeUnitCount
    }

    private mutating func number() throws(Malformed) {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
    }

    private mutating func digits() throws(Malformed) {
        let start = index
        while index < bytes.count, bytes[index].isDigit { index += 1 }
        guard index > start else { throw Malformed(offset: index) }
    }

    /// Consumes a string and returns the range between its quotes, and whether escapes stand in it.
    mutating func string() throws(Malformed) -> (range: Range<Int>, hasEscapes: Bool) {
        guard take(UInt8(ascii: "\"")) else { throw Malformed(offset: index) }
        let start = index
        var hasEscapes = false
        while true {
            index = endOfPlainBytes()
            guard index < bytes.count else { throw Malformed(offset: index) }
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return (start..<(index - 1), hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try escape()
            case 0..<0x20: throw Malformed(offset: index)
            case 0x80...: try multiByteScalar(startingWith: byte)
            default: index += 1
            }
        }
    }

    /// Passes over bytes that a string holds as they are, eight at a time: where the first other one stands, or one of the last
    /// seven.
    ///
    /// Source: https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
    @inline(__always)
    private func endOfPlainBytes() -> Int {
        guard let base = bytes.baseAddress else { return index }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let end = bytes.count - 8
        var index = index
        while index <= end {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let control = word &- ones &* 0x20
            let quote = (word ^ (ones &* 0x22)) &- ones
            let backslash = (word ^ (ones &* 0x5C)) &- ones
            // A borrow reaches only bytes behind a hit, so the first hit is exact. The word's own top bits: not ASCII.
            let hits = (control | quote | backslash | word) & (ones &* 0x80)
            if hits != 0 { return index + hits.trailingZeroBitCount / 8 }
            index += 8
        }
        return index
    }

    private mutating func escape() throws(Malformed) {
        index += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 1
        case UInt8(ascii: "u"):
            index += 1
            for _ in 0..<4 {
                guard current.hexDigitValue != nil else { throw Malformed(offset: index) }
                index += 1
            }
        default: throw Malformed(offset: index)
        }
    }

    /// Table 3-7 of the Unicode standard: well-formed UTF-8 only, no surrogates, no overlong forms.
    private mutating func multiByteScalar(startingWith lead: UInt8) throws(Malformed) {
        let continuations: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: continuations = 1
        case 0xE0: (continuations, second) = (2, 0xA0...0xBF)
        case 0xED: (continuations, second) = (2, 0x80...0x9F)
        case 0xE1...0xEF: continuations = 2
        case 0xF0: (continuations, second) = (3, 0x90...0xBF)
        case 0xF1...0xF3: continuations = 3
        case 0xF4: (continuations, second) = (3, 0x80...0x8F)
        default: throw Malformed(offset: index)
        }
        guard bytes.count - index > continuations, second.contains(bytes[index + 1]) else {
            throw Malformed(offset: index)
        }
        for offset in 1...continuations where bytes[index + offset] & 0xC0 != 0x80 { throw Malformed(offset: index) }
        index += continuations + 1
    }

    /// The text of a string that ``string()`` returned; `nil` where an escaped surrogate stands alone.
    func text(of string: (range: Range<Int>, hasEscapes: Bool)) -> String? {
        let raw = UnsafeRawBufferPointer(rebasing: bytes[string.range])
        return string.hasEscapes ? unescaped(raw) : String(decoding: raw, as: UTF8.self)
    }

    private func unescaped(_ raw: UnsafeRawBufferPointer) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(raw.count)
        var position = 0
        while position < raw.count {
            guard raw[position] == UInt8(ascii: "\\") else {
                output.append(raw[position])
                position += 1
                continue
            }
            position += 2
            switch raw[position - 1] {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                var unit = codeUnit(raw, position)
                position += 4
                if (0xD800...0xDBFF).contains(unit), position + 6 <= raw.count,
                    raw[position] == UInt8(ascii: "\\"), raw[position + 1] == UInt8(ascii: "u"),
                    (0xDC00...0xDFFF).contains(codeUnit(raw, position + 2))
                {
                    unit = 0x10000 + (unit - 0xD800) << 10 + (codeUnit(raw, position + 2) - 0xDC00)
                    position += 6
                }
                guard let scalar = Unicode.Scalar(unit) else { return nil }
                output.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            case let other: output.append(other)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private func codeUnit(_ raw: UnsafeRawBufferPointer, _ position: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 4 | UInt32(raw[position + $1].hexDigitValue ?? 0) }
    }
}

extension UInt8 {
    var hexDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
