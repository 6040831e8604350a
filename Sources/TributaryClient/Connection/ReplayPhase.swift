import TributaryProtocol

/// Tells replayed events from live ones where the name does not: `job.started` is replayed under its own name.
///
/// A replay stands between `connected` and `replay.end`. An id beyond the newest that `connected` named, or a `gap`,
/// ends it as well.
struct ReplayPhase {
    private var latest: UInt64?

    /// Takes what `connected` says.
    mutating func connected(from: UInt64?, latest: UInt64?) {
        if let from, let latest, from < latest { self.latest = latest } else { self.latest = nil }
    }

    /// Whether this event, the stream's next, is a replay.
    mutating func isReplay(event: String, id: String?) -> Bool {
        if Self.replayNames.contains(event) { return true }
        if event == ReplayEnd.eventName || event == Gap.eventName { latest = nil }
        guard let latest, let id, let number = UInt64(digits: id.utf8) else { return false }
        if number > latest { self.latest = nil }
        return number <= latest
    }

    private static let replayNames = Set(EventTypes.published.compactMap { $0.replayName })
}
