import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Counts what was refused, by reason, and logs each reason at most once a second. From any thread.
final class RejectionCounter: Sendable {
    private struct State {
        var totals: [String: UInt64] = [:]
        var lastLogged: [String: NIODeadline] = [:]
    }

    private let state = NIOLockedValueBox(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// - Parameter reason: one of a fixed set of codes, never text from outside: the table must not grow.
    func count(_ reason: String, source: String) {
        let total: UInt64? = state.withLockedValue { state in
            state.totals[reason, default: 0] += 1
            let now = NIODeadline.now()
            if let last = state.lastLogged[reason], now - last < .seconds(1) { return nil }
            state.lastLogged[reason] = now
            return state.totals[reason]
        }
        if let total {
            logger.warning(
                "rejected an event",
                metadata: ["reason": "\(reason)", "source": "\(source)", "total": "\(total)"]
            )
        }
    }

    var totals: [String: UInt64] { state.withLockedValue(\.totals) }
}
