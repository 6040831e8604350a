import TributaryCore

extension EventLogError {
    /// What an answer of Redis, or its absence, means to a log's caller.
    init(_ error: any Error) {
        switch error {
        case let error as EventLogError: self = error
        case RedisError.server(let code, let message):
            if message.hasPrefix("ERR timeline_owner_mismatch") {
                self = .ownerMismatch
            } else if Self.temporary.contains(code) {
                self = .unavailable(message)
            } else if LibraryKeeper.isMissing(error) {
                self = .unavailable("Redis lost the hub's functions")
            } else if message.hasPrefix("ERR unknown command") {
                self = .refused("\(message); Redis 7 or newer is needed")
            } else {
                self = .refused(message)
            }
        default: self = .unavailable("\(error)")
        }
    }

    /// Redis is there, but cannot write for the moment.
    private static let temporary: Set<String> = [
        "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "BUSY", "NOREPLICAS", "OOM",
        "MISCONF",
    ]
}
