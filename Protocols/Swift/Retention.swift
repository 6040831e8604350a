/// How much of a channel's durable events is kept, in each project; the oldest goes first once any bound is passed.
public struct Retention: Sendable, Equatable {
    /// Events.
    public var count: Int
    /// Seconds.
    public var ageSeconds: Int
    /// Of envelopes.
    public var bytes: Int

    public init(count: Int, ageSeconds: Int, bytes: Int) {
        self.count = count
        self.ageSeconds = ageSeconds
        self.bytes = bytes
    }

    /// 10,000 events, 7 days, 64 MiB.
    public static let standard = Retention(count: 10_000, ageSeconds: 7 * 24 * 3_600, bytes: 64 << 20)

    /// - Throws: ``Catalog/Invalid`` for a bound below 1 or above 2^53 − 1, which Redis' Lua could not hold.
    init(_ entry: Catalog.RetentionEntry?, channel: String) throws(Catalog.Invalid) {
        func bound(_ name: String, _ value: Int?, _ standard: Int) throws(Catalog.Invalid) -> Int {
            guard let value else { return standard }
            guard value >= 1, UInt64(value) <= EventID.maximum else {
                throw Catalog.Invalid(description: "retention of \"\(channel)\": \(name) is 1 or more, not \(value)")
            }
            return value
        }
        count = try bound("count", entry?.count, Self.standard.count)
        ageSeconds = try bound("age_seconds", entry?.ageSeconds, Self.standard.ageSeconds)
        bytes = try bound("bytes", entry?.bytes, Self.standard.bytes)
    }
}
