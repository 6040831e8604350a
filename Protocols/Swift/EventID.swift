/// The position of a durable event in its project's timeline: 1…2^53 − 1, so that JavaScript holds it exactly.
public struct EventID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    /// 2^53 − 1, JavaScript's `Number.MAX_SAFE_INTEGER`.
    public static let maximum: UInt64 = (1 << 53) - 1

    /// `nil` outside 1…2^53 − 1.
    public init?(_ rawValue: UInt64) {
        guard rawValue >= 1, rawValue <= Self.maximum else { return nil }
        self.rawValue = rawValue
    }

    /// `nil` unless `digits` is a plain decimal number within 1…2^53 − 1: no sign, no exponent, no spaces.
    public init?(digits: some Sequence<UInt8>) {
        guard let value = UInt64(digits: digits) else { return nil }
        self.init(value)
    }

    public static func < (left: EventID, right: EventID) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

extension UInt64 {
    /// Plain decimal digits up to ``EventID/maximum``; `nil` for anything else, an empty sequence included.
    public init?(digits: some Sequence<UInt8>) {
        var bytes = digits.makeIterator()
        self.init(digits: &bytes, until: nil)
    }

    /// As before, of what comes up to `end`, which is consumed; `nil` as well if it doesn't come.
    init?(digits: inout some IteratorProtocol<UInt8>, until end: UInt8?) {
        var value: UInt64 = 0
        var isEmpty = true
        while true {
            guard let byte = digits.next() else {
                guard end == nil else { return nil }
                break
            }
            if byte == end { break }
            guard byte.isDigit else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
            guard value <= EventID.maximum else { return nil }
            isEmpty = false
        }
        guard !isEmpty else { return nil }
        self = value
    }
}
