import NIOCore

/// Where the server listens and what it allows. A plain value; readers of flags and files are extensions elsewhere.
public struct ServerConfiguration: Sendable, Equatable {
    /// How the hub learns who its callers are.
    public enum Authentication: String, Sendable, CaseIterable {
        /// Nobody is asked: everyone who reaches the port may read and publish. Must be said in so many words.
        case disabled = "none"
    }

    /// The address to bind: an IP address, or a name that resolves to one.
    public var hostname: String
    /// 0–65,535; 0 takes a free port.
    public var port: Int
    /// `nil` while nothing was said: then only loopback addresses may be bound.
    public var authentication: Authentication?
    /// Heartbeat of streams that do not ask for one of their own: 5–60 s.
    /// 25 s: below the 30 s idle time-out of common proxies.
    public var heartbeat: TimeAmount
    /// How long a graceful shutdown spreads the end of the streams; 0 ends them at once.
    public var drain: TimeAmount
    /// Limits and time-outs of the HTTP connections.
    public var limits: HTTPLimits
    /// What an operator shows; `nil` is nobody, and then what operators ask is not there at all.
    public var adminToken: AdminToken?

    public init(
        hostname: String = "127.0.0.1",
        port: Int = 8080,
        authentication: Authentication? = nil,
        heartbeat: TimeAmount = .seconds(25),
        drain: TimeAmount = .seconds(10),
        limits: HTTPLimits = HTTPLimits(),
        adminToken: AdminToken? = nil
    ) {
        self.hostname = hostname
        self.port = port
        self.authentication = authentication
        self.heartbeat = heartbeat
        self.drain = drain
        self.limits = limits
        self.adminToken = adminToken
    }
}
