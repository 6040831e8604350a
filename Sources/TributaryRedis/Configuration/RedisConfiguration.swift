/// Where a Redis is and how to talk to it. `RedisConfiguration(url:)` reads the same from a URL.
public struct RedisConfiguration: Sendable, Equatable {
    /// What to connect to.
    public enum Address: Sendable, Equatable {
        /// A host name or an IP address without brackets, and a port.
        case tcp(host: String, port: Int)
        /// The path of a Unix domain socket.
        case unix(path: String)
        /// The master of that name, wherever these sentinels say it is at the time of connecting.
        ///
        /// Whoever answers as that is asked for its role before it is used, and left when it says `READONLY`, when it is gone,
        /// or when the sentinels name another one, which is asked with each probe. Replicas lag behind their master: what it
        /// acknowledged in its last moment may be lost with it. Nothing is lost that a replica had taken, if the sentinels
        /// promote the one that is furthest, as they do. `min-replicas-to-write 1` keeps a master that is cut off from its
        /// replicas from taking what would be lost; a publisher whose `client_msg_id` is not acknowledged tries again.
        case sentinel([RedisHost], master: String)
        /// The Redis Cluster that these servers, or some of them, belong to.
        ///
        /// Replicas lag here too: what a master acknowledged in its last moment may be lost with it. What a replica had taken
        /// is not. While a project's slot is moved to another master, what is published to it waits, or fails as
        /// `TRYAGAIN` once the command's time-out is over.
        case cluster([RedisHost])
    }

    public var address: Address
    /// `nil` for a connection in clear text.
    public var tls: RedisTLS?
    /// The ACL user; `nil` means Redis' `default` user.
    public var user: String?
    public var password: String?
    /// Selected on each connection. Pub/sub is the same in every database.
    public var database = 0
    /// What the sentinels ask for, where that is not ``user`` and ``password``.
    public var sentinelUser: String?
    public var sentinelPassword: String?
    /// Shown by `CLIENT LIST`: printable ASCII without spaces, anything else becomes `-`.
    public var clientName = "tributary"
    /// How long TCP (or the Unix socket) may take to connect.
    public var connectTimeoutMilliseconds = 5_000
    /// How long TLS, `AUTH` and `SELECT` may take together: a Redis that hangs still accepts connections.
    public var handshakeTimeoutMilliseconds = 5_000
    /// The oldest command without an answer may be so old; then the connection is given up.
    public var commandTimeoutMilliseconds = 5_000
    /// The largest reply to a command; above it the connection is cut.
    /// 64 MiB: a thousand envelopes of the largest size are never asked for at once.
    public var maximumReplyBytes = 64 << 20
    /// Commands that wait for an answer; one more fails with ``RedisError/overloaded``.
    public var maximumPendingCommands = 65_536
    /// Bytes that the socket has not taken yet; a command above it fails with ``RedisError/overloaded``.
    public var maximumUnsentBytes = 32 << 20

    public init(address: Address) {
        self.address = address
    }

    /// 6379: Redis' own.
    public static let defaultPort = 6379
    /// 26379: Redis Sentinel's own.
    public static let defaultSentinelPort = 26_379

    /// A Redis Cluster; its relay is a ``RedisClusterRelay``.
    public var isCluster: Bool {
        if case .cluster = address { true } else { false }
    }

    /// The same, of one server.
    func server(_ host: RedisHost) -> RedisConfiguration {
        var configuration = self
        configuration.address = .tcp(host: host.name, port: host.port)
        return configuration
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without user and password, so that it can stand in a log.
    public var description: String {
        let database = self.database == 0 ? "" : "/\(self.database)"
        switch address {
        case .tcp(let host, let port):
            return "\(scheme)://\(RedisHost(name: host, port: port))\(database)"
        case .sentinel(let hosts, let master):
            return "\(scheme)+sentinel://\(hosts.map(\.description).joined(separator: ","))/\(master)\(database)"
        case .cluster(let hosts):
            return "\(scheme)+cluster://\(hosts.map(\.description).joined(separator: ","))"
        case .unix(let path):
            return "unix://\(path)\(self.database == 0 ? "" : "?db=\(self.database)")"
        }
    }

    private var scheme: String { tls == nil ? "redis" : "rediss" }

    public var debugDescription: String { description }

    /// Keeps `dump` and `String(reflecting:)` from showing the password.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
