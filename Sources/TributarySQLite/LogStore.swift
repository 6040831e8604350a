import Foundation
import GRDB
import struct NIOCore.ByteBuffer
import TributaryCore
import TributaryProtocol

/// Projects' logs as rows, within one transaction.
struct LogStore {
    let db: Database
    let catalog: Catalog

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try db.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    // MARK: Writing

    func insert(_ entry: LogEntry, of row: Int64) throws {
        try execute(
            "INSERT INTO event (project, channel, high, late, id, timestamp, envelope) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                row, entry.channel.name, Int64(entry.position.high), Int64(entry.position.late),
                Int64(entry.id.rawValue), Int64(entry.timestamp), Data(entry.envelope.readableBytesView),
            ]
        )
    }

    func insert(_ key: DedupeTable.Key, id: EventID?, at time: UInt64, of row: Int64) throws {
        try execute(
            """
            INSERT OR REPLACE INTO message
                (project, channel, sender, recipient, client_msg_id, event, published_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                row, catalog.channels[key.channel].name, Data((key.sender?.rawValue ?? "").utf8),
                Data((key.recipient?.rawValue ?? "").utf8), Data(key.clientMessageID.utf8),
                id.map { Int64($0.rawValue) }, Int64(time),
            ]
        )
    }

    /// Makes the row of a project that has none yet.
    func insertProject(_ name: ProjectID) throws -> Int64 {
        try execute(
            "INSERT INTO project (name, epoch, high, late, appended_at) VALUES (?, 0, 0, 0, 0)", [name.rawValue])
        return db.lastInsertedRowID
    }

    /// Brings a project's own row and those of its changed channels up to date, and deletes what was trimmed.
    func save(_ project: inout StoredProject) throws {
        guard let row = project.row else { return }
        let log = project.log
        try execute(
            "UPDATE project SET owner = ?, epoch = ?, origin = ?, high = ?, late = ?, appended_at = ? WHERE id = ?",
            [
                log.owner?.rawValue, Int64(log.epoch), log.origin.map { Int64($0.rawValue) }, Int64(log.head.high),
                Int64(log.head.late), Int64(log.appendedAt), row,
            ]
        )
        for index in project.changed { try save(index, of: &project, row) }
        project.changed = []
    }

    private func save(_ index: Int, of project: inout StoredProject, _ row: Int64) throws {
        let channel = project.log.channels[index]
        let name = catalog.channels[index].name
        if let floor = channel.floor, floor != project.trimmed[index] {
            try execute(
                "DELETE FROM event WHERE project = ? AND channel = ? AND (high, late) <= (?, ?)",
                [row, name, Int64(floor.high), Int64(floor.late)]
            )
            project.trimmed[index] = floor
        }
        try execute(
            """
            INSERT OR REPLACE INTO channel (project, name, last, last_high, last_late, floor_high, floor_late, \
            oldest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                row, name, channel.last.map { Int64($0.rawValue) }, Int64(channel.lastPosition.high),
                Int64(channel.lastPosition.late), channel.floor.map { Int64($0.high) },
                channel.floor.map { Int64($0.late) }, channel.oldest.map { Int64($0) },
            ]
        )
    }

    func delete(_ row: Int64) throws {
        for table in ["event", "channel", "message"] { try execute("DELETE FROM \(table) WHERE project = ?", [row]) }
        try execute("DELETE FROM project WHERE id = ?", [row])
    }

    // MARK: Expiry

    /// Forgets keys that are too old; memory does so by itself.
    func expireMessages(now: UInt64) throws {
        guard now > DedupeTable.lifetime else { return }
        try execute("DELETE FROM message WHERE published_at <= ?", [Int64(now - DedupeTable.lifetime)])
    }

    /// Projects that hold what should be gone, or nothing any more; not all of them if there are many.
    func expiredProjects(now: UInt64) throws -> [ProjectID] {
        let limit = 1_000
        var names: Set<String> = []
        for (index, retention) in catalog.retention.enumerated() {
            let age = UInt64(retention.ageSeconds).multipliedReportingOverflow(by: 1_000)
            guard !age.overflow, now / 1_000 > age.partialValue else { continue }
            names.formUnion(
                try String.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT project.name FROM channel JOIN project ON project.id = channel.project
                            WHERE channel.name = ? AND channel.oldest <= ? LIMIT ?
                            """
                    ),
                    arguments: [catalog.channels[index].name, Int64(now / 1_000 - age.partialValue), limit]
                )
            )
        }
        // The catalog may have lost the channel that a project had its last events on.
        let longest = UInt64(catalog.retention.map(\.ageSeconds).max() ?? 0).multipliedReportingOverflow(by: 2_000_000)
        if !longest.overflow, now > longest.partialValue {
            names.formUnion(
                try String.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT name FROM project WHERE appended_at < ?
                            AND NOT EXISTS (SELECT 1 FROM message WHERE message.project = project.id) LIMIT ?
                            """
                    ),
                    arguments: [Int64(now - longest.partialValue), limit]
                )
            )
        }
        return names.compactMap { try? ProjectID($0) }
    }
}
