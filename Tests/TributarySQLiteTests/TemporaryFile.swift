import Foundation
import Logging

/// A name for a file in a folder of its own, which is removed after the test.
struct TemporaryFile: Sendable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    var path: String { folder.appending(path: "hub.sqlite").path }

    /// A copy of the file and of what SQLite keeps beside it, as a process that is killed now leaves them.
    func snapshot() throws -> TemporaryFile {
        let copy = try TemporaryFile()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try FileManager.default.copyItem(at: folder.appending(path: name), to: copy.folder.appending(path: name))
        }
        return copy
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
