import TributaryCore

extension CoordinationError {
    /// What an answer of Redis, or its absence, means to a caller.
    init(_ error: any Error) {
        switch error {
        case let error as CoordinationError: self = error
        case let error as RedisError:
            if case .server(_, let message) = error, !error.isWorthRetry {
                self = .refused(message)
            } else {
                self = .unavailable("\(error)")
            }
        default: self = .unavailable("\(error)")
        }
    }
}
