public import NIOCore

extension ByteBuffer {
    /// Writes `text` as a JSON string, quotes included; escapes only what RFC 8259 demands.
    public mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { writeJSONBytes(UnsafeRawBufferPointer($0)) }
        writeInteger(UInt8(ascii: "\""))
    }

    private mutating func writeJSONBytes(_ bytes: UnsafeRawBufferPointer) {
        // What needs no escape is copied at once.
        var start = 0
        for (index, byte) in bytes.enumerated() {
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            writeBytes(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
            start = index + 1
            switch byte {
            case UInt8(ascii: "\""): writeStaticString(#"\""#)
            case UInt8(ascii: "\\"): writeStaticString(#"\\"#)
            case UInt8(ascii: "\n"): writeStaticString(#"\n"#)
            case UInt8(ascii: "\r"): writeStaticString(#"\r"#)
            case UInt8(ascii: "\t"): writeStaticString(#"\t"#)
            default:
                writeStaticString(#"\u00"#)
                for digit in [byte >> 4, byte & 15] {
                    writeInteger(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                }
            }
        }
        writeBytes(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }
}

/// Whether `bytes` are exactly one JSON value in UTF-8, white space around it allowed. RFC 8259, strict.
public func isJSON(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var scanner = JSONScanner(bytes)
    scanner.skipWhitespace()
    guard (try? scanner.value()) != nil else { return false }
    scanner.skipWhitespace()
    return scanner.isAtEnd
}
