import NIOCore

/// Stops attempts at something that failed several times in a row, and lets one at a time find out whether it is back. Decides only.
struct CircuitBreaker: Sendable {
    enum Decision: Equatable {
        case go(Pass)
        /// Not now; perhaps in that many milliseconds.
        case wait(milliseconds: Int)
    }

    /// Leave to try once; goes back with the outcome.
    struct Pass: Equatable, Sendable {
        fileprivate let isProbe: Bool
    }

    enum Change: Equatable {
        case opened, closed
    }

    private enum State {
        case closed(failures: Int)
        case open(until: NIODeadline, pause: TimeAmount)
        /// One is on its way.
        case probing(pause: TimeAmount)
    }

    /// 5: more than a hiccup, and at once where many ask.
    static let threshold = 5
    /// 1 s: most restarts are over by then.
    static let firstPause = TimeAmount.seconds(1)
    /// 10 s: whoever comes back is noticed within that.
    static let longestPause = TimeAmount.seconds(10)

    private var state = State.closed(failures: 0)

    mutating func admit(now: NIODeadline) -> Decision {
        switch state {
        case .closed: return .go(Pass(isProbe: false))
        case .open(let until, _) where now < until:
            return .wait(milliseconds: Int((until - now).nanoseconds / 1_000_000))
        case .open(_, let pause):
            state = .probing(pause: pause)
            return .go(Pass(isProbe: true))
        case .probing: return .wait(milliseconds: Int(Self.firstPause.nanoseconds / 1_000_000))
        }
    }

    /// Any success is proof, also of an attempt that began before the failures.
    mutating func succeeded() -> Change? {
        defer { state = .closed(failures: 0) }
        if case .closed = state { return nil } else { return .closed }
    }

    mutating func failed(_ pass: Pass, now: NIODeadline) -> Change? {
        switch state {
        case .closed(let failures) where failures + 1 < Self.threshold:
            state = .closed(failures: failures + 1)
        case .closed:
            state = .open(until: now + Self.firstPause, pause: Self.firstPause)
            return .opened
        case .probing(let pause) where pass.isProbe:
            let longer = min(pause + pause, Self.longestPause)
            state = .open(until: now + longer, pause: longer)
        case .open, .probing: break
        }
        return nil
    }

    /// The attempt came to nothing, for no fault of the other side's.
    mutating func gaveUp(_ pass: Pass, now: NIODeadline) {
        if case .probing(let pause) = state, pass.isProbe { state = .open(until: now, pause: pause) }
    }
}
