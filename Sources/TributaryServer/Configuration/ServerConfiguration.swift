import NIOCore

/// Where the server listens and what it allows. A plain value; readers of flags and files are extensions elsewhere.
public struct ServerConfiguration: Sendable, Equatable {
    /// A way in which the hub learns who its callers are.
    public enum Authentication: String, Sendable, CaseIterable {
        /// Nobody is asked: everyone who reaches the port may read and publish. Must be said in so many words, and stands alone.
        case disabled = "none"
        /// A JSON Web Token.
        case jwt
        /// A proxy that the hub trusts signs who sends a request.
        case signature
        /// The application says who it is, from the cookies and the `Authorization` that come with the request.
        case application
    }

    /// Who may look at figures, such as `/stats`.
    public enum Inspection: Sendable, Equatable {
        case anybody
        case operators
    }

    /// The address to bind: an IP address, or a name that resolves to one.
    public var hostname: String
    /// 0–65,535; 0 takes a free port.
    public var port: Int
    /// The ways that are open, tried in this order. `nil` while nothing was said: then only loopback addresses may be bound, and
    /// nobody is asked.
    public var authentication: [Authentication]?
    /// Heartbeat of streams that do not ask for one of their own: 5–60 s.
    /// 25 s: below the 30 s idle time-out of common proxies.
    public var heartbeat: TimeAmount
    /// How long a graceful shutdown spreads the end of the streams; 0 ends them at once.
    public var drain: TimeAmount
    /// Limits and time-outs of the HTTP connections.
    public var limits: HTTPLimits
    /// Connections at a time, streams among them, so that files remain for everything else; `nil` is no bound.
    public var maximumConnections: Int?
    /// What an operator shows; `nil` is nobody, and then what operators ask is not there at all.
    public var adminToken: BearerToken?
    public var jwt = JWTConfiguration()
    public var signature = SignatureConfiguration()
    public var application = ApplicationConfiguration()
    public var publishing = PublishingConfiguration()
    public var browsers = BrowserConfiguration()
    public var transport = TransportConfiguration()
    /// `nil` leaves it to the address: anybody on a loopback address, operators on one that others reach.
    public var inspection: Inspection?

    public init(
        hostname: String = "127.0.0.1",
        port: Int = 8080,
        authentication: [Authentication]? = nil,
        heartbeat: TimeAmount = .seconds(25),
        drain: TimeAmount = .seconds(10),
        limits: HTTPLimits = HTTPLimits(),
        adminToken: BearerToken? = nil
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
