import Foundation
import GRDB
import Testing

@testable import TributarySQLite

@Suite struct DataFileTests {
    private func cause(_ path: String) -> DataFileError.Cause? {
        do {
            _ = try DataFile(path: path)
            return nil
        } catch {
            return (error as? DataFileError)?.cause
        }
    }

    private func isInaccessible(_ path: String) -> Bool {
        if case .inaccessible = cause(path) { true } else { false }
    }

    @Test func `a file that is not there is made, for its owner alone`() throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        try DataFile(path: file.path).close()
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        // Closed properly, it is one file.
        #expect(try FileManager.default.contentsOfDirectory(atPath: file.folder.path) == ["hub.sqlite"])
        try DataFile(path: file.path).close()
    }

    @Test func `a file in use is refused, and free again once it is closed`() throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let first = try DataFile(path: file.path)
        #expect(cause(file.path) == .inUse)
        // Another program may not read it either: what it would lock could hold up the hub.
        try first.close()
        #expect(cause(file.path) == nil)
    }

    @Test func `what is no database is refused and stays as it is`() throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let content = Data(String(repeating: "no database\n", count: 1_000).utf8)
        try content.write(to: URL(filePath: file.path))
        #expect(cause(file.path) == .notADatabase)
        #expect(try Data(contentsOf: URL(filePath: file.path)) == content)
    }

    @Test func `another program's database is refused`() throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let other = try DatabaseQueue(path: file.path)
        try other.write { db in try db.execute(sql: "CREATE TABLE theirs (x)") }
        try other.close()
        #expect(cause(file.path) == .foreign)
    }

    @Test func `a newer version's file is refused`() throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        try DataFile(path: file.path).close()
        let newer = try DatabaseQueue(path: file.path)
        try newer.write { db in try db.execute(sql: "PRAGMA user_version = \(DataFile.schema + 1)") }
        try newer.close()
        #expect(cause(file.path) == .newer(schema: DataFile.schema + 1))
    }

    @Test func `a file of the first version is brought up to date, and its keys hold`() throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        try DataFile(path: file.path).close()
        let old = try DatabaseQueue(path: file.path)
        try old.write { db in
            try db.execute(
                sql: """
                    DROP TABLE message;
                    CREATE TABLE message (
                        project INTEGER NOT NULL, channel TEXT NOT NULL, recipient BLOB NOT NULL,
                        client_msg_id BLOB NOT NULL, event INTEGER, published_at INTEGER NOT NULL,
                        PRIMARY KEY (project, channel, recipient, client_msg_id)
                    ) WITHOUT ROWID;
                    CREATE INDEX message_age ON message (published_at);
                    INSERT INTO message VALUES (1, 'chat', x'', x'6b', 7, 9), (1, 'chat', x'7531', x'6b', NULL, 10);
                    PRAGMA user_version = 1;
                    """
            )
        }
        try old.close()
        for _ in 0..<2 {
            let data = try DataFile(path: file.path)
            try data.transaction { db in
                let rows = try Row.fetchAll(db, sql: "SELECT * FROM message ORDER BY published_at")
                #expect(rows.map { $0["sender"] as Data } == [Data(), Data()])
                #expect(rows.map { $0["recipient"] as Data } == [Data(), Data("u1".utf8)])
                #expect(rows.map { $0["event"] as Int? } == [7, nil])
                #expect(try Int.fetchOne(db, sql: "PRAGMA user_version") == DataFile.schema)
                let indexed = "SELECT count(*) FROM sqlite_master WHERE name = 'message_age' AND tbl_name = 'message'"
                #expect(try Int.fetchOne(db, sql: indexed) == 1)
            }
            try data.close()
        }
    }

    @Test func `a folder, and a file in one that is not there, are refused`() throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        #expect(isInaccessible(file.folder.path))
        #expect(isInaccessible(file.folder.appending(path: "missing/hub.sqlite").path))
        #expect(isInaccessible("/proc/hub.sqlite"))
    }

    @Test func `a name that means something to SQLite is a file like any other`() throws {
        let file = try TemporaryFile()
        defer { file.remove() }
        let path = file.folder.appending(path: "file::memory:?x=y").path
        try DataFile(path: path).close()
        #expect(FileManager.default.fileExists(atPath: path))
    }
}
