import Logging
import NIOConcurrencyHelpers

/// Keeps all that is logged, at every level, to search it.
struct LogRecorder: LogHandler {
    private let lines: NIOLockedValueBox<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    /// A logger, and what it was told by now.
    static func logger() -> (logger: Logger, text: @Sendable () -> String) {
        let lines = NIOLockedValueBox<[String]>([])
        let logger = Logger(label: "recorded") { _ in LogRecorder(lines: lines) }
        return (logger, { lines.withLockedValue { $0.joined(separator: "\n") } })
    }

    private init(lines: NIOLockedValueBox<[String]>) {
        self.lines = lines
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        lines.withLockedValue { $0.append("\(event.level) \(event.message) \(all)") }
    }
}
