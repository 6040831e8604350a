/// Why Redis did not do what it was asked.
public enum RedisError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Redis answered with an error: `code` is its first word, such as `NOPERM`, `message` the whole text.
    case server(code: String, message: String)
    /// Redis does not have the functions that a hub loads into it, such as `tributary_publish`. Nothing was published.
    case libraryMissing
    /// No connection could be made; the text says why.
    case connectFailed(String)
    /// The connection ended. Of a command without an answer it is unknown whether it was done.
    case connectionLost(String)
    /// No answer in time; the connection was given up. It is unknown whether the command was done.
    case timeout(String)
    /// Not the Redis protocol; the connection was given up.
    case protocolViolation(String)
    /// A reply larger than allowed; the connection was given up.
    case replyTooLarge(limit: Int)
    /// Too many commands or bytes wait already. Nothing was sent; try again later.
    case overloaded
    /// The connection or client was closed by its owner. Nothing was sent.
    case closed

    /// The error that Redis' text stands for.
    init(serverText text: String) {
        self = .server(code: String(text.prefix { $0 != " " }), message: text)
    }

    public var description: String {
        switch self {
        case .server(_, let message): "Redis answered: \(message)"
        case .libraryMissing: "no hub has loaded its functions into this Redis yet; start one"
        case .connectFailed(let cause): "cannot connect to Redis: \(cause)"
        case .connectionLost(let cause): "connection to Redis lost: \(cause)"
        case .timeout(let what): "no answer from Redis in time: \(what)"
        case .protocolViolation(let what): "not the Redis protocol: \(what)"
        case .replyTooLarge(let limit): "Redis' reply is larger than \(limit) bytes"
        case .overloaded: "too many commands wait for Redis"
        case .closed: "the connection to Redis was closed"
        }
    }

    /// Redis was there, but cannot serve for the moment.
    var isTemporary: Bool {
        guard case .server(let code, _) = self else { return true }
        return ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "BUSY", "NOREPLICAS"].contains(code)
    }
}
