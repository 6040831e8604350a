/// A stream's name in the whole cluster: 128 random bits, kept as two words because there are tens of thousands.
struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
    private let high = UInt64.random(in: .min ... .max)
    private let low = UInt64.random(in: .min ... .max)

    /// 32 hexadecimal digits.
    var description: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

    private static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
