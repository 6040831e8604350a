import TributaryProtocol

/// Whether a reader that goes on from a cursor gets everything that came behind it.
public enum Recovery: Equatable, Sendable {
    case complete
    /// Some of the ids `from` to `to` may be lost for good; without `to`, nobody knows where it ends.
    case missing(from: UInt64, to: UInt64?)
}

extension LogState {
    /// What a read behind `cursor` could not give, because it was trimmed, was never heard, or is from another life of the log.
    ///
    /// - Parameters:
    ///   - start: where the cursor stands, as the read's ``LogPage/start`` says.
    ///   - channels: those that were read; the state holds them.
    public func recovery(after cursor: LogCursor, start: LogPosition, channels: [Channel]) -> Recovery {
        let id: UInt64
        switch cursor {
        case .id(let number): id = number
        case .position(let position): id = position.high
        }
        var missing: MissingIDs?
        func add(_ more: MissingIDs) { missing = missing?.union(more) ?? more }
        if case .id(1...) = cursor, let foreign = foreignRange(after: id) { add(foreign) }
        if let floor = channels.compactMap({ self.channels[$0]?.floor }).max(), floor > start {
            add(MissingIDs(behind: start, upTo: floor))
        }
        // Nobody claims to have read anything before the first event, so a lapse before it is nobody's loss.
        if let lapse = channels.compactMap({ self.channels[$0]?.lapse }).max(), lapse >= start, lapse > .start {
            add(MissingIDs(from: max(lapse.high, id) + 1, to: nil))
        }
        return missing.map { .missing(from: $0.from, to: $0.to) } ?? .complete
    }

    /// Whether a cursor is ahead of everything that this log has given out.
    func isFromTheFuture(_ cursor: LogCursor) -> Bool {
        if case .id(let id) = cursor { id > head.high } else { false }
    }

    /// For an id that this log has not given out: from before it began, or from the future.
    private func foreignRange(after id: UInt64) -> MissingIDs? {
        guard epoch != 0, let origin, id <= head.high else { return MissingIDs(from: id + 1, to: nil) }
        // No id fits between two that follow on each other.
        guard id + 1 < origin.rawValue else { return nil }
        return MissingIDs(from: id + 1, to: origin.rawValue - 1)
    }
}
