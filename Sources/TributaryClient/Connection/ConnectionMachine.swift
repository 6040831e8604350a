import TributaryProtocol

/// Decides what follows each ending of a connection, and what the client's status is. It does nothing itself.
struct ConnectionMachine {
    enum Action: Equatable {
        case connect
        case wait(Duration)
        case stop
    }

    private(set) var status: ConnectionStatus = .disconnected
    /// The token is to be asked for before the next request.
    private(set) var needsToken: Bool
    private let hasTokenSource: Bool
    /// A new token was asked for after a 401, and no stream has opened since.
    private var askedAgain = false
    private var backoff: Backoff

    init(policy: ReconnectPolicy, hasTokenSource: Bool) {
        backoff = Backoff(policy: policy)
        self.hasTokenSource = hasTokenSource
        needsToken = hasTokenSource
    }

    /// No channel to read: nothing to connect for.
    mutating func idle() { status = .disconnected }

    mutating func connecting() { status = .connecting }

    /// The hub answered with an event stream.
    mutating func opened() {
        status = .connected
        askedAgain = false
    }

    mutating func gotToken() { needsToken = false }

    mutating func take(retryMilliseconds: Int) { backoff.take(retryMilliseconds: retryMilliseconds) }

    /// - Parameters:
    ///   - lived: how long the stream lived after the hub had answered with one; `nil` if it never did.
    ///   - jitter: a random number in 0…1.
    mutating func ended(_ ending: StreamEnding, lived: Duration?, jitter: Double) -> Action {
        if let lived { backoff.streamLived(lived) }
        switch ending {
        case .failed:
            return reconnect(jitter: jitter)
        case .noContent:
            return stop(.closed(reason: .noContent))
        case .serverClosed(let reason, reconnect: true, let after):
            if reason == .authExpired { needsToken = hasTokenSource }
            return reconnect(asked: after, jitter: jitter)
        case .serverClosed(let reason, reconnect: false, _):
            return stop(.closed(reason: .server(reason)))
        case .refused(let refusal):
            return refused(refusal, jitter: jitter)
        case .channelsChanged:
            status = .connecting
            return .connect
        case .closing:
            return stop(.disconnected)
        }
    }

    private mutating func refused(_ refusal: HTTPRefusal, jitter: Double) -> Action {
        switch refusal.status {
        case 401 where hasTokenSource && !askedAgain:
            askedAgain = true
            needsToken = true
            status = .connecting
            return .connect
        case 401, 403:
            return stop(.authFailed)
        case 429:
            let delay = backoff.next(asked: refusal.retryAfter, jitter: jitter)
            status = .limited(retryAfter: delay)
            return .wait(delay)
        case 400..<500 where !Self.passing.contains(refusal.status):
            return stop(.closed(reason: .refused(refusal)))
        default:
            return reconnect(asked: refusal.retryAfter, jitter: jitter)
        }
    }

    /// Request Timeout and Too Early: the only other 4xx that say nothing about the request itself.
    private static let passing: Set<Int> = [408, 425]

    private mutating func reconnect(asked: Duration? = nil, jitter: Double) -> Action {
        let delay = backoff.next(asked: asked, jitter: jitter)
        status = .reconnecting(attempt: backoff.attempt, after: delay)
        return .wait(delay)
    }

    private mutating func stop(_ status: ConnectionStatus) -> Action {
        self.status = status
        return .stop
    }
}
