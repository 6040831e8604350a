import Logging
import NIOCore

/// Tells that there is no room for connections, at most once a second.
struct NoRoomLog {
    private let logger: Logger
    private var toldAt: NIODeadline?

    init(_ logger: Logger) {
        self.logger = logger
    }

    mutating func tell() {
        let now = NIODeadline.now()
        if let toldAt, now - toldAt < .seconds(1) { return }
        toldAt = now
        logger.warning("no room for connections: those that wait longest for their client are closed")
    }
}
