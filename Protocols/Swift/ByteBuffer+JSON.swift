public import NIOCore

extension ByteBuffer {
    /// Writes `text` as a JSON string, quotes included; escapes only what RFC 8259 demands.
    public mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): writeStaticString(#"\""#)
            case UInt8(ascii: "\\"): writeStaticString(#"\\"#)
            case UInt8(ascii: "\n"): writeStaticString(#"\n"#)
            case UInt8(ascii: "\r"): writeStaticString(#"\r"#)
            case UInt8(ascii: "\t"): writeStaticString(#"\t"#)
            case 0..<0x20:
                writeStaticString(#"\u00"#)
                for digit in [byte >> 4, byte & 15] {
                    writeInteger(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                }
            default: writeInteger(byte)
            }
        }
        writeInteger(UInt8(ascii: "\""))
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
