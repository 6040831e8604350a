public import TributaryProtocol

/// Where a ``TributaryClient`` stands.
public enum ConnectionStatus: Equatable, Sendable {
    /// Not running, or running without any channel to read.
    case disconnected
    /// A request is under way.
    case connecting
    /// The hub answered with an event stream.
    case connected
    /// The connection failed or ended; the next attempt, number `attempt` since the last steady stream, begins `after`
    /// this.
    case reconnecting(attempt: Int, after: Duration)
    /// The hub takes neither the token nor a new one (401), or the user may not read this (403). The client has
    /// stopped.
    case authFailed
    /// The hub answered 429; the next attempt begins after this.
    case limited(retryAfter: Duration)
    /// The hub ended the stream for good. The client has stopped.
    case closed(reason: CloseReason)
}

/// Why a client stopped without being told to by its own program.
public enum CloseReason: Equatable, Sendable {
    /// `server_close` with `reconnect: false`, such as `replaced` and `revoked`.
    case server(ServerClose.Reason)
    /// 204 No Content: how HTTP tells an event source to stay away.
    case noContent
    /// 400, or another 4xx that trying again cannot help.
    case refused(HTTPRefusal)
}

extension ConnectionStatus: CustomStringConvertible {
    public var description: String {
        switch self {
        case .disconnected: "disconnected"
        case .connecting: "connecting"
        case .connected: "connected"
        case .reconnecting(let attempt, let after): "reconnecting (attempt \(attempt), after \(after))"
        case .authFailed: "authentication failed"
        case .limited(let retryAfter): "limited (retry after \(retryAfter))"
        case .closed(let reason): "closed: \(reason)"
        }
    }
}

extension CloseReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .server(let reason): reason.rawValue
        case .noContent: "204 No Content"
        case .refused(let refusal): refusal.description
        }
    }
}
