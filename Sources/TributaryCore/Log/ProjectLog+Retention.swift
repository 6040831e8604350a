import DequeModule
import TributaryProtocol

extension ProjectLog {
    /// Lets go of what is over the channel's bounds.
    package mutating func trim(_ channel: Int, now: UInt64) {
        while let entry = channels[channel].trimFirst(now: now) { forget(entry) }
    }

    /// Lets go of everything that is over its bounds.
    package mutating func expire(now: UInt64) {
        for channel in channels.indices { trim(channel, now: now) }
        dedupe.expire(now: now)
    }

    /// Lets go of all but a channel's newest entries.
    package mutating func trim(_ channel: Int, keeping count: Int) {
        while channels[channel].entries.count > count, let entry = channels[channel].removeFirst() { forget(entry) }
    }

    private mutating func forget(_ entry: LogEntry) {
        if entry.position.late > 0 { late[entry.id] = nil }
    }

    /// Nothing is lost if the log begins anew: no entries, no keys, no listeners, and nobody left to have a cursor in
    /// it. Twice the retention: a reader who comes back after its events expired still learns that they did.
    package func isOver(now: UInt64) -> Bool {
        guard dedupe.isEmpty, channels.allSatisfy({ $0.entries.isEmpty && $0.listeners.isEmpty }) else { return false }
        return owner == nil || now > appendedAt && now - appendedAt > 2 * longestAge
    }

    /// In microseconds; a bound of centuries is as good as the clock's end.
    private var longestAge: UInt64 {
        let seconds = UInt64(channels.map(\.retention.ageSeconds).max() ?? 0)
        return min(seconds, 1 << 40) * 1_000_000
    }
}
