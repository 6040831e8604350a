import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Says in the log why the application's answers fail, at most once a second. From any thread.
final class ApplicationLog: Sendable {
    private struct State {
        var total: UInt64 = 0
        var lastTold: NIODeadline?
    }

    private let state = NIOLockedValueBox(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func failed(_ failure: ApplicationFailure) {
        if case .abandoned = failure { return }
        let total: UInt64? = state.withLockedValue { state in
            state.total += 1
            let now = NIODeadline.now()
            if let last = state.lastTold, now - last < .seconds(1) { return nil }
            state.lastTold = now
            return state.total
        }
        guard let total else { return }
        logger.warning("no answer from the application", metadata: ["cause": "\(failure.cause)", "total": "\(total)"])
    }

    func changed(_ change: CircuitBreaker.Change) {
        switch change {
        case .opened:
            logger.error("the application does not answer: it is asked once in a while only, and who asks is refused")
        case .closed: logger.info("the application answers again")
        }
    }
}
