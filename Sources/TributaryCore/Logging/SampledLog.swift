import Logging
import NIOCore

/// Lines at debug of one kind, such as of the streams that come and go, within ``LogSampler``'s bound. Lives on its event loop.
struct SampledLog {
    private let logger: Logger
    private let kind: Logger.MetadataValue
    private var sampler = LogSampler()

    /// - Parameter kind: what the lines are about, for the count of those that were left out.
    init(_ logger: Logger, _ kind: String) {
        self.logger = logger
        self.kind = "\(kind)"
    }

    /// Whether anybody reads such lines; if not, they are to cost nothing.
    var isRead: Bool { logger.logLevel <= .debug }

    mutating func write(_ message: Logger.Message, _ metadata: @autoclosure () -> Logger.Metadata) {
        guard isRead else { return }
        let now = NIODeadline.now().uptimeNanoseconds
        tellLeftOut(now: now)
        if sampler.admits(now: now) { logger.debug(message, metadata: metadata()) }
    }

    /// Tells how many lines were left out, once the second is over in which they were.
    mutating func tellLeftOut(isLast: Bool = false) {
        guard isRead else { return }
        tellLeftOut(now: NIODeadline.now().uptimeNanoseconds, isLast: isLast)
    }

    private mutating func tellLeftOut(now: UInt64, isLast: Bool = false) {
        let count = sampler.takeLeftOut(now: now, isLast: isLast)
        guard count > 0 else { return }
        logger.debug("lines were left out", metadata: ["about": kind, "count": "\(count)"])
    }
}
