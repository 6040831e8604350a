import Logging

extension Logger {
    /// A logger that writes to standard error, what is at least as grave as `level`.
    static func standardError(_ label: String, level: Logger.Level) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
