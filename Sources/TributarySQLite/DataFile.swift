import Foundation
import GRDB

/// The SQLite database that a hub keeps its log in, for this process alone.
///
/// WAL with `synchronous=FULL`: what was committed survives the end of the process, `kill -9` included, and as far as
/// the disk keeps its word also the end of the machine.
/// Source: https://www.sqlite.org/pragma.html#pragma_synchronous
struct DataFile: Sendable {
    let path: String
    private let queue: DatabaseQueue

    /// "Trib" in ASCII, so that `file` and others' tools can tell.
    private static let applicationID = 0x5472_6962
    /// Counts the layouts of the tables. 2: a user's own events have keys of its own.
    static let schema = 2

    /// Opens the file, or makes it, readable for its owner alone.
    ///
    /// - Throws: ``DataFileError``
    init(path: String) throws {
        // Absolute, so that no name means anything special to SQLite.
        let file = URL(filePath: path).path
        self.path = path
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory) {
            guard !isDirectory.boolValue else { throw DataFileError(path, .inaccessible("it is a directory")) }
            guard FileManager.default.isWritableFile(atPath: file) else {
                throw DataFileError(path, .inaccessible("permission denied"))
            }
        } else {
            // If this fails, SQLite says why.
            _ = FileManager.default.createFile(atPath: file, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        do {
            queue = try DatabaseQueue(path: file, configuration: Self.configuration)
            try queue.writeWithoutTransaction { db in
                try db.inTransaction(.exclusive) {
                    try Self.prepare(db, path: path)
                    return .commit
                }
            }
        } catch let error as DatabaseError {
            throw DataFileError(path, error)
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "tributary.data"
        configuration.journalMode = .wal
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            // Before the first access: no second hub can come in between.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        return configuration
    }

    private static func prepare(_ db: Database, path: String) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if application == 0, version == 0, try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 {
            try db.execute(sql: tables)
            try db.execute(sql: messages)
            try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(schema)")
            return
        }
        guard application == applicationID else { throw DataFileError(path, .foreign) }
        guard version <= schema else { throw DataFileError(path, .newer(schema: version)) }
        if version < 2 { try db.execute(sql: addSenders) }
    }

    /// Positions are pairs of `high` and `late`. Texts of publishers are blobs: SQLite's texts end at a NUL.
    private static let tables = """
        CREATE TABLE project (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT, epoch INTEGER NOT NULL, origin INTEGER,
            high INTEGER NOT NULL, late INTEGER NOT NULL, appended_at INTEGER NOT NULL
        );
        CREATE INDEX project_age ON project (appended_at);
        CREATE TABLE channel (
            project INTEGER NOT NULL, name TEXT NOT NULL, last INTEGER, last_high INTEGER NOT NULL,
            last_late INTEGER NOT NULL, floor_high INTEGER, floor_late INTEGER, oldest INTEGER,
            PRIMARY KEY (project, name)
        ) WITHOUT ROWID;
        CREATE TABLE event (
            project INTEGER NOT NULL, channel TEXT NOT NULL, high INTEGER NOT NULL, late INTEGER NOT NULL,
            id INTEGER NOT NULL, timestamp INTEGER NOT NULL, envelope BLOB NOT NULL,
            PRIMARY KEY (project, channel, high, late)
        );
        """

    /// The keys that tell a retry from a new event. Who is nobody is an empty blob.
    private static let messages = """
        CREATE TABLE message (
            project INTEGER NOT NULL, channel TEXT NOT NULL, sender BLOB NOT NULL, recipient BLOB NOT NULL,
            client_msg_id BLOB NOT NULL, event INTEGER, published_at INTEGER NOT NULL,
            PRIMARY KEY (project, channel, sender, recipient, client_msg_id)
        ) WITHOUT ROWID;
        CREATE INDEX message_age ON message (published_at);
        """

    /// From schema 1 to 2: SQLite changes no primary key, so the table is made anew.
    private static let addSenders = """
        ALTER TABLE message RENAME TO message_1;
        DROP INDEX message_age;
        \(messages)
        INSERT INTO message (project, channel, sender, recipient, client_msg_id, event, published_at)
            SELECT project, channel, x'', recipient, client_msg_id, event, published_at FROM message_1;
        DROP TABLE message_1;
        PRAGMA user_version = 2;
        """

    /// Does all of `body` or nothing. A body that only reads costs no write.
    func transaction(_ body: (Database) throws -> Void) throws {
        try queue.writeWithoutTransaction { db in
            try db.inTransaction(.deferred) {
                try body(db)
                return .commit
            }
        }
    }

    /// Writes everything into the one file and lets go of it.
    func close() throws {
        try queue.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        try queue.close()
    }
}
