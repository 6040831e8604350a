/// The two connections of a relay and when to open which: decides, and opens nothing itself.
///
/// Commands first, then the subscriber, one attempt at a time: while Redis is down, each delay of the backoff costs one
/// connection attempt. A lost command connection leaves the subscriber alone, as no message is lost with it.
struct RelayLink {
    enum Connection: Equatable, Sendable {
        case commands, subscriber
    }

    enum Action: Equatable {
        case nothing
        case open(Connection)
        /// Call ``retry()`` after so many milliseconds.
        case wait(milliseconds: Int)
        /// Both are up.
        case ready
    }

    private enum Slot {
        case down, opening, up
    }

    private var commands = Slot.down
    private var subscriber = Slot.down
    private var backoff = ReconnectBackoff()
    private var hasFailed = false
    private var isWaiting = false
    private var isStopped = false
    /// When both came up, in milliseconds of a monotonic clock.
    private var upSince: Int?
    private var generator: any RandomNumberGenerator

    init(generator: any RandomNumberGenerator = SystemRandomNumberGenerator()) {
        self.generator = generator
    }

    var isReady: Bool { commands == .up && subscriber == .up }
    var isSubscriberUp: Bool { subscriber == .up }

    mutating func start() -> Action { next() }

    mutating func retry() -> Action {
        isWaiting = false
        // Whatever failed during the delay has waited with it.
        hasFailed = false
        return next()
    }

    mutating func opened(_ connection: Connection, now: Int) -> Action {
        self[connection] = .up
        guard isReady else { return next() }
        upSince = now
        return .ready
    }

    /// An attempt failed, or a connection that was up is gone.
    mutating func lost(_ connection: Connection, now: Int) -> Action {
        self[connection] = .down
        if let upSince { backoff.connectionLived(milliseconds: now - upSince) }
        upSince = nil
        hasFailed = true
        return next()
    }

    mutating func stop() {
        isStopped = true
    }

    private mutating func next() -> Action {
        guard !isStopped, !isWaiting, commands != .opening, subscriber != .opening, !isReady else { return .nothing }
        if hasFailed {
            hasFailed = false
            isWaiting = true
            return .wait(milliseconds: backoff.next(using: &generator))
        }
        let connection = commands == .down ? Connection.commands : .subscriber
        self[connection] = .opening
        return .open(connection)
    }

    private subscript(connection: Connection) -> Slot {
        get { connection == .commands ? commands : subscriber }
        set { if connection == .commands { commands = newValue } else { subscriber = newValue } }
    }
}
