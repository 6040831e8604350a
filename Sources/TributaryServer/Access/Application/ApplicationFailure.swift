/// Why the application gave no answer that counts.
enum ApplicationFailure: Error, Sendable, Equatable {
    case timedOut
    /// The connection failed, in the system's words.
    case unreachable(String)
    /// Its own front says that it cannot answer now: 429, 502, 503 or 504.
    case overloaded(status: Int)
    /// It answered, but not as agreed.
    case misunderstood(String)
    /// It failed so often that it isn't asked for that long, in milliseconds.
    case paused(milliseconds: Int)
    /// Who asked went away before the answer.
    case abandoned

    /// The application is away or overwhelmed, so that asking again at once does nobody good. A wrong answer is none: whoever
    /// finds a request that the application stumbles over must not keep it from being asked by others.
    var isOutage: Bool {
        switch self {
        case .timedOut, .unreachable, .overloaded: true
        case .misunderstood, .paused, .abandoned: false
        }
    }

    /// For the log.
    var cause: String {
        switch self {
        case .timedOut: "no answer in time"
        case .unreachable(let cause): cause
        case .overloaded(let status): "status \(status)"
        case .misunderstood(let cause): cause
        case .paused: "not asked for a moment"
        case .abandoned: "nobody waits for the answer"
        }
    }

    /// After how many seconds another attempt makes sense.
    var retrySeconds: Int {
        if case .paused(let milliseconds) = self { max(1, (milliseconds + 999) / 1_000) } else { 1 }
    }
}
