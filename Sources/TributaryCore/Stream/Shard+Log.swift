import Logging
import NIOCore
import TributaryProtocol

/// What the log says of streams, at debug and sampled. On the shard's event loop.
extension Shard {
    func noteOpened(_ session: StreamSession) {
        streamLog.write("stream opened", metadata(of: session))
    }

    func noteClosed(_ session: StreamSession, _ reason: StreamCloseReason) {
        streamLog.write(
            "stream closed", metadata(of: session).merging(["reason": "\(reason.rawValue)"]) { $1 })
    }

    private func metadata(of session: StreamSession) -> Logger.Metadata {
        [
            "connection": "\(session.id)", "user": "\(session.user)", "project": "\(session.project)",
            "channels": .array(session.wanted.indices.map { "\(frames.channel($0).name)" }),
        ]
    }
}

extension Logger {
    /// Says nothing.
    static var silent: Logger { Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() } }
}
