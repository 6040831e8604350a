/// Why a stream ended: the `reason` of `server_close` where the hub ended it, and the label in `/stats`.
public enum StreamCloseReason: String, Sendable, CaseIterable {
    /// The client closed or half-closed the connection.
    case client
    /// The connection broke: a reset, or no answer within the time-out.
    case error
    /// The hub is shutting down.
    case draining
    /// Nothing could be sent for 30 s.
    case slowConsumer = "slow_consumer"
    /// The same client instance has a newer stream.
    case replaced
    /// The user has more streams than the limit allows.
    case evicted
    /// The user may not read any more, or an operator ended the stream.
    case revoked
    /// The credential that it was opened with, or renewed with, has ended.
    case authExpired = "auth_expired"
    /// It is as old as streams get.
    case maxAge = "max_age"

    /// Whether the client is to come back by itself.
    var reconnects: Bool { self != .replaced && self != .revoked }

    /// When the client should come back, in milliseconds: spread, so that streams closed together do not return together.
    var retryRange: ClosedRange<Int> {
        switch self {
        case .client, .error, .slowConsumer, .maxAge: 500...3_000
        case .authExpired: 100...400
        case .draining: 100...5_000
        case .evicted: 30_000...60_000
        case .replaced, .revoked: 60_000...60_000
        }
    }
}
