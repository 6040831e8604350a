import NIOConcurrencyHelpers

/// Says who may end a connection and when: the reader itself, the watchdog, or the program.
///
/// The reader is cancelled only while it waits for bytes, never while a handler runs. Whoever ends it first has the
/// say.
final class ReadGate: Sendable {
    private struct State {
        var watchdog = Watchdog()
        var isWaiting = false
        var openedAt: ContinuousClock.Instant?
        /// Asked for while a handler ran; the reader takes it up before it waits again.
        var requested: StreamEnding?
        var ending: StreamEnding?
    }

    private let state = NIOLockedValueBox(State())
    private let clock = ContinuousClock()

    /// How the connection ended; `nil` as long as it has not, or if its task was cancelled from outside.
    var ending: StreamEnding? { state.withLockedValue { $0.ending } }

    /// How long the stream has been open; `nil` if it never was.
    var lived: Duration? { state.withLockedValue { $0.openedAt }.map { clock.now - $0 } }

    func opened() { state.withLockedValue { $0.openedAt = clock.now } }

    /// Begins a wait for the hub, or for a token, that others may break off.
    ///
    /// - Parameter limit: how long silence is borne; `nil` for ever.
    /// - Returns: false if the reader is to return instead.
    func beginWaiting(atMost limit: Duration?) -> Bool {
        state.withLockedValue { state in
            if let requested = state.requested, state.ending == nil { state.ending = requested }
            guard state.ending == nil else { return false }
            state.isWaiting = true
            state.watchdog.waits(since: clock.now, atMost: limit)
            return true
        }
    }

    /// - Returns: false if the wait was broken off: whatever it brought is to be dropped, and the reader returns.
    func endWaiting() -> Bool {
        state.withLockedValue { state in
            state.isWaiting = false
            state.watchdog.gotBytes()
            return state.ending == nil
        }
    }

    /// The reader's own verdict.
    func end(_ ending: StreamEnding) {
        state.withLockedValue { state in
            if state.ending == nil { state.ending = ending }
        }
    }

    /// Asks for the end from outside.
    ///
    /// - Returns: true if the reader was waiting and is to be cancelled now; otherwise it ends by itself.
    func request(_ ending: StreamEnding) -> Bool {
        state.withLockedValue { state in
            guard state.ending == nil else { return true }
            guard state.isWaiting else {
                state.requested = ending
                return false
            }
            state.ending = ending
            return true
        }
    }

    /// Returns when nothing came for too long, or when cancelled.
    func watch() async {
        while !Task.isCancelled {
            let pause: Duration? = state.withLockedValue { state in
                switch state.watchdog.verdict(at: clock.now) {
                case .lookAgain(let pause): return pause
                case .silent(let limit):
                    if state.ending == nil {
                        state.ending = .failed(
                            state.openedAt == nil ? .connectTimedOut(after: limit) : .silent(for: limit)
                        )
                    }
                    return nil
                }
            }
            guard let pause else { return }
            try? await clock.sleep(for: pause)
        }
    }
}
