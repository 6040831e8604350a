/// Where an event stands in its project's log. The log's order is the order of arrival, which for a publisher's own ids need
/// not be the order of the ids: an event that arrives with an id below the highest one takes its place behind that one.
public struct LogPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The highest id in the log when the event arrived, its own included.
    public var high: UInt64
    /// 0 for the event that has the id `high`; those that came late behind it count from 1.
    public var late: UInt64

    public init(high: UInt64, late: UInt64 = 0) {
        self.high = high
        self.late = late
    }

    /// Before every event.
    public static let start = LogPosition(high: 0)

    /// Reads `<high>-<late>`, two plain decimal numbers; `nil` for anything else.
    public init?(_ text: some Sequence<UInt8>) {
        var bytes = text.makeIterator()
        guard let high = UInt64(digits: &bytes, until: UInt8(ascii: "-")),
            let late = UInt64(digits: &bytes, until: nil)
        else { return nil }
        self.init(high: high, late: late)
    }

    public static func < (left: LogPosition, right: LogPosition) -> Bool {
        left.high == right.high ? left.late < right.late : left.high < right.high
    }

    /// `<high>-<late>`, as in Redis' stream ids.
    public var description: String { "\(high)-\(late)" }
}
