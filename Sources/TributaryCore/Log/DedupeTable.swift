import DequeModule
import TributaryProtocol

/// The `client_msg_id`s of a project's newest events, so that a publisher's retry is told from a new event.
package struct DedupeTable: Sendable {
    /// One publisher's key for one event: the same key on another channel, to another user, or of another user, is another
    /// event.
    package struct Key: Hashable, Sendable {
        package var channel: Int
        /// Of a user's own event.
        package var sender: UserID?
        package var recipient: UserID?
        package var clientMessageID: String

        package init(channel: Int, sender: UserID? = nil, recipient: UserID?, clientMessageID: String) {
            self.channel = channel
            self.sender = sender
            self.recipient = recipient
            self.clientMessageID = clientMessageID
        }
    }

    private struct Row: Sendable {
        /// `nil` for an ephemeral event.
        var id: EventID?
        var publishedAt: UInt64
    }

    /// 24 hours in microseconds: longer than any publisher keeps trying.
    package static let lifetime: UInt64 = 24 * 3_600 * 1_000_000

    private var rows: [Key: Row] = [:]
    /// In the order of publication, so that what expires stands in front.
    private var order: Deque<Key> = []

    package var isEmpty: Bool { rows.isEmpty }

    /// The id of the event that the key was published with, `.some(nil)` if that was ephemeral.
    /// - Parameter now: microseconds since 1970.
    package func first(_ key: Key, now: UInt64) -> EventID?? {
        guard let row = rows[key], !Self.isExpired(row.publishedAt, now: now) else { return nil }
        return .some(row.id)
    }

    package mutating func remember(_ key: Key, id: EventID?, now: UInt64) {
        expire(now: now)
        if rows.updateValue(Row(id: id, publishedAt: now), forKey: key) == nil { order.append(key) }
    }

    package mutating func expire(now: UInt64) {
        while let key = order.first, let row = rows[key], Self.isExpired(row.publishedAt, now: now) {
            order.removeFirst()
            rows[key] = nil
        }
    }

    package static func isExpired(_ publishedAt: UInt64, now: UInt64) -> Bool {
        now > publishedAt && now - publishedAt >= lifetime
    }
}
