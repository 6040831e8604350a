import Foundation
import GRDB
import struct NIOCore.ByteBuffer
import TributaryCore
import TributaryProtocol

extension LogStore {
    /// Reads a project's log, or makes an empty one if there is none. What the catalog doesn't know any more stays
    /// where it is.
    func load(_ name: ProjectID, now: UInt64) throws -> StoredProject {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM project WHERE name = ?"), arguments: [name.rawValue]
        )
        guard let row else { return StoredProject(log: ProjectLog(catalog: catalog), usedAt: now) }
        let id: Int64 = row["id"]
        var log = ProjectLog(
            catalog: catalog,
            owner: (row["owner"] as String?).flatMap(ProjectLog.Owner.init),
            epoch: UInt64(row["epoch"] as Int64),
            origin: eventID(row["origin"]),
            head: LogPosition(high: UInt64(row["high"] as Int64), late: UInt64(row["late"] as Int64)),
            appendedAt: UInt64(row["appended_at"] as Int64)
        )
        try loadChannels(of: id, into: &log)
        try loadEvents(of: id, into: &log)
        try loadMessages(of: id, into: &log)
        var project = StoredProject(row: id, log: log, usedAt: now)
        // The bounds may be others than they were.
        project.log.expire(now: now)
        project.changed = Set(
            project.log.channels.indices.filter { project.log.channels[$0].floor != project.trimmed[$0] })
        return project
    }

    private func loadChannels(of id: Int64, into log: inout ProjectLog) throws {
        let rows = try Row.fetchCursor(
            db.cachedStatement(sql: "SELECT * FROM channel WHERE project = ?"), arguments: [id]
        )
        while let row = try rows.next() {
            guard let index = index(of: row["name"]) else { continue }
            log.channels[index] = ChannelLog(
                retention: catalog.retention[index],
                last: eventID(row["last"]),
                lastPosition: position(row["last_high"], row["last_late"]) ?? .start,
                floor: position(row["floor_high"], row["floor_late"])
            )
        }
    }

    private func loadEvents(of id: Int64, into log: inout ProjectLog) throws {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT channel, high, late, id, timestamp, envelope FROM event WHERE project = ?
                    ORDER BY channel, high, late
                    """
            ),
            arguments: [id]
        )
        while let row = try rows.next() {
            guard let index = index(of: row["channel"]),
                let position = position(row["high"], row["late"]), let id = eventID(row["id"])
            else { continue }
            let envelope = try row.withUnsafeData(named: "envelope") { ByteBuffer(bytes: $0 ?? Data()) }
            log.restore(
                LogEntry(
                    channel: catalog.channels[index], id: id, position: position, envelope: envelope,
                    timestamp: UInt64(row["timestamp"] as Int64)
                ),
                in: index
            )
        }
    }

    private func loadMessages(of id: Int64, into log: inout ProjectLog) throws {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT channel, sender, recipient, client_msg_id, event, published_at FROM message
                    WHERE project = ? ORDER BY published_at
                    """
            ),
            arguments: [id]
        )
        while let row = try rows.next() {
            guard let index = index(of: row["channel"]) else { continue }
            log.dedupe.remember(
                DedupeTable.Key(
                    channel: index, sender: try user(row["sender"]), recipient: try user(row["recipient"]),
                    clientMessageID: String(decoding: row["client_msg_id"] as Data, as: UTF8.self)
                ),
                id: eventID(row["event"]), now: UInt64(row["published_at"] as Int64)
            )
        }
    }

    /// Rows have channels' own names; one that is an alias now belongs to another channel.
    private func index(of name: String) -> Int? {
        catalog.index(of: name).flatMap { catalog.channels[$0].name == name ? $0 : nil }
    }

    /// Empty is nobody.
    private func user(_ text: Data) throws -> UserID? {
        text.isEmpty ? nil : try UserID(String(decoding: text, as: UTF8.self))
    }

    private func eventID(_ number: Int64?) -> EventID? { number.flatMap { EventID(UInt64($0)) } }

    private func position(_ high: Int64?, _ late: Int64?) -> LogPosition? {
        guard let high, let late else { return nil }
        return LogPosition(high: UInt64(high), late: UInt64(late))
    }
}
