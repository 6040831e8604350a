import Logging
import NIOConcurrencyHelpers

extension TributaryClient {
    /// Where the client stands now.
    public var status: ConnectionStatus { state.withLockedValue { $0.status } }

    /// The status now and each change from now on, until the client is let go.
    ///
    /// A loop that falls more than 64 changes behind misses the oldest; ``onStatusChange(_:)`` leaves none out.
    public var statuses: AsyncStream<ConnectionStatus> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ConnectionStatus.self, bufferingPolicy: .bufferingNewest(64)
        )
        let id = state.withLockedValue { state in
            continuation.yield(state.status)
            state.nextObserver += 1
            state.statusObservers[state.nextObserver] = continuation
            return state.nextObserver
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLockedValue { state in _ = state.statusObservers.removeValue(forKey: id) }
        }
        return stream
    }

    func publish(_ status: ConnectionStatus) async {
        let changed = state.withLockedValue { state in
            guard state.status != status else { return false }
            state.status = status
            // Under the lock, so that observers see changes in order; yielding calls nobody.
            for observer in state.statusObservers.values { observer.yield(status) }
            return true
        }
        guard changed else { return }
        logger.debug("tributary client: \(status)")
        await dispatcher.publish(status)
    }
}
