import Foundation

/// Whole lines to standard output and standard error.
enum Console {
    /// Writes a line to standard output, at once.
    ///
    /// - Throws: if nobody reads it any more, as behind `| head -1`.
    static func line(_ text: String) throws {
        try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Writes a line to standard error. If that fails there is nobody left to tell.
    static func error(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }
}
