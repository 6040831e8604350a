import Logging

/// How the lines on standard error look.
enum LogFormat: String, CaseIterable, Sendable {
    /// For people.
    case text
    /// For machines: one object a line.
    case json
}

extension Logger {
    /// A logger that writes to standard error, what is at least as grave as `level`.
    static func standardError(_ label: String, level: Logger.Level, format: LogFormat = .text) -> Logger {
        var logger = Logger(label: label) { label in
            switch format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLogHandler(label: label)
            }
        }
        logger.logLevel = level
        return logger
    }
}
