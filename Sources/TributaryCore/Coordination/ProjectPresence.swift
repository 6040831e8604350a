import TributaryProtocol

/// Who is there in one project, and what is to be told of it. No clock, no I/O: it is told the time, in milliseconds since
/// 1970.
package struct ProjectPresence: Sendable {
    private struct Entry {
        var user: PresentUser
        var status: PresenceState
        var changedAt: UInt64
        var lastSeen: UInt64
        /// Until when each node's word is good.
        var deadlines: [String: UInt64]

        /// When nobody has the user any more.
        var end: UInt64 { deadlines.values.max() ?? 0 }

        var change: PresenceChange {
            PresenceChange(user: user, status: status, lastSeen: lastSeen, timestamp: changedAt)
        }
    }

    private var entries: [UserID: Entry] = [:]
    /// Nobody goes offline before this.
    private var earliestEnd = UInt64.max

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    /// As ``PresenceStore/join(_:of:on:)``.
    ///
    /// - Parameter lifetime: how long the node's word is good, in milliseconds.
    /// - Returns: what is to be told, in this order.
    package mutating func join(
        _ users: [PresentUser], on node: String, now: UInt64, lifetime: UInt64
    ) -> [PresenceChange] {
        var changes: [PresenceChange] = []
        for user in users {
            let past = expire(user.id, now: now)
            if let past { changes.append(past) }
            let entrance = max(now, (past?.timestamp ?? 0) + 1)
            var entry =
                entries[user.id]
                ?? Entry(user: user, status: .online, changedAt: entrance, lastSeen: now, deadlines: [:])
            if entry.deadlines.isEmpty { changes.append(entry.change) }
            entry.lastSeen = now
            entry.deadlines[node] = now + lifetime
            entries[user.id] = entry
            earliestEnd = min(earliestEnd, now + lifetime)
        }
        return changes
    }

    /// As ``PresenceStore/leave(_:of:on:)``.
    ///
    /// - Parameter grace: how long the users stay who are on no other node, in milliseconds.
    package mutating func leave(_ users: [UserID], on node: String, now: UInt64, grace: UInt64) {
        for user in users {
            guard var entry = entries[user], let deadline = entry.deadlines[node], deadline >= now else { continue }
            entry.deadlines[node] = min(deadline, now + grace)
            entry.lastSeen = now
            entries[user] = entry
            earliestEnd = min(earliestEnd, entry.end)
        }
    }

    /// As ``PresenceStore/set(_:of:in:)``.
    ///
    /// - Returns: whether the user is there, and what is to be told.
    package mutating func set(
        _ status: PresenceState, of user: UserID, now: UInt64
    ) -> (isThere: Bool, changes: [PresenceChange]) {
        if let change = expire(user, now: now) { return (false, [change]) }
        guard var entry = entries[user] else { return (false, []) }
        entry.lastSeen = now
        var changes: [PresenceChange] = []
        if entry.status != status {
            entry.status = status
            entry.changedAt = max(now, entry.changedAt + 1)
            changes = [entry.change]
        }
        entries[user] = entry
        return (true, changes)
    }

    /// Who has gone offline.
    package mutating func sweep(now: UInt64) -> [PresenceChange] {
        guard earliestEnd < now else { return [] }
        let past = entries.values.filter { $0.end < now }
        let changes = past.sorted { ($0.end, $0.user.id.rawValue) < ($1.end, $1.user.id.rawValue) }
            .compactMap { expire($0.user.id, now: now) }
        earliestEnd = entries.values.map(\.end).min() ?? .max
        return changes
    }

    /// Who is there, by name.
    package var members: [PresenceMember] {
        entries.values.map {
            PresenceMember(user: $0.user, status: $0.status, changedAt: $0.changedAt, lastSeen: $0.lastSeen)
        }
        .sorted { $0.user.id.rawValue < $1.user.id.rawValue }
    }

    /// Takes out a user whose time is over. A millisecond late, so that whoever comes back at once comes later.
    private mutating func expire(_ user: UserID, now: UInt64) -> PresenceChange? {
        guard var entry = entries[user] else { return nil }
        let end = entry.end
        guard end < now else {
            entries[user]?.deadlines = entry.deadlines.filter { $0.value >= now }
            return nil
        }
        entries[user] = nil
        entry.status = .offline
        entry.changedAt = max(end, entry.changedAt + 1)
        return entry.change
    }
}
