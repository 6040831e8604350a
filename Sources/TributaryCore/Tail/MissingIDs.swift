import TributaryProtocol

/// Durable events that a stream may have lost for good: the `from` and `to` of a `gap`.
struct MissingIDs: Equatable, Sendable {
    var from: UInt64
    /// `nil` if nobody knows where it ends.
    var to: UInt64?

    init(from: UInt64, to: UInt64?) {
        self.from = from
        self.to = to.map { max($0, from) }
    }

    /// What the log had behind `start`, up to and with `end`. One that came late belongs where it arrived, so where nothing
    /// but late ones is missing, the range is the id that they came behind.
    init(behind start: LogPosition, upTo end: LogPosition) {
        self.init(from: end.high == start.high ? start.high : start.high + 1, to: end.high)
    }

    /// Everything that either speaks of.
    func union(_ other: MissingIDs) -> MissingIDs {
        guard let to, let end = other.to else { return MissingIDs(from: min(from, other.from), to: nil) }
        return MissingIDs(from: min(from, other.from), to: max(to, end))
    }
}

extension Recovery {
    var missing: MissingIDs? {
        if case .missing(let from, let to) = self { MissingIDs(from: from, to: to) } else { nil }
    }
}
