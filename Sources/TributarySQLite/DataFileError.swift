import GRDB

/// Why a hub's data file cannot be used; the text says what to do.
public struct DataFileError: Error, Equatable, CustomStringConvertible {
    public enum Cause: Equatable, Sendable {
        /// It cannot be opened, made or written.
        case inaccessible(String)
        case inUse
        /// It is no SQLite database, or is damaged.
        case notADatabase
        /// Another program's.
        case foreign
        /// Made by a newer version of this program.
        case newer(schema: Int)
    }

    public let path: String
    public let cause: Cause

    init(_ path: String, _ cause: Cause) {
        self.path = path
        self.cause = cause
    }

    init(_ path: String, _ error: DatabaseError) {
        let cause: Cause =
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED: .inUse
            case .SQLITE_NOTADB, .SQLITE_CORRUPT: .notADatabase
            default: .inaccessible(error.message ?? "SQLite error \(error.resultCode.rawValue)")
            }
        self.init(path, cause)
    }

    public var description: String {
        switch cause {
        case .inaccessible(let cause):
            "\(path): cannot be used: \(cause); name a file in a folder that exists and that the hub may write to"
        case .inUse:
            "\(path): is in use by another process; stop that hub, or name another file"
        case .notADatabase:
            "\(path): is no SQLite database, or is damaged; name another file, or restore this one"
        case .foreign:
            "\(path): is another program's database; name another file"
        case .newer(let schema):
            "\(path): a newer version of tributary wrote it (schema \(schema)); run that one, or name another file"
        }
    }
}
