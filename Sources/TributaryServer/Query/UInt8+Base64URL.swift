extension [UInt8] {
    /// What base64url stands for, as tokens write it: without padding.
    ///
    /// - Returns: `nil` for any other character, an impossible length, and bits that are left over and not 0: each value has one
    ///   spelling, so that nobody can change a token's text without its meaning.
    ///
    /// Source: https://www.rfc-editor.org/rfc/rfc4648#section-5
    init?(base64URL text: some Collection<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for character in text {
            guard let value = Self.value(character) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= 1 << UInt32(count) - 1
            }
        }
        guard count < 6, bits == 0 else { return nil }
        self = bytes
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// Whether a byte may stand in base64url.
    static func isBase64URL(_ character: UInt8) -> Bool { value(character) != nil }
}
