import Foundation

/// How the user called this command.
enum CommandName {
    /// `tributary` where the shell finds it by that name; otherwise its path, relative where it is below this directory.
    static var current: String {
        let called = CommandLine.arguments.first ?? "tributary"
        guard called.contains("/") else { return called }
        let directory = FileManager.default.currentDirectoryPath + "/"
        return called.hasPrefix(directory) ? String(called.dropFirst(directory.count)) : called
    }
}
