/// Where a Redis is and how to talk to it. `RedisConfiguration(url:)` reads the same from a URL.
public struct RedisConfiguration: Sendable, Equatable {
    /// What to connect to.
    public enum Address: Sendable, Equatable {
        /// A host name or an IP address without brackets, and a port.
        case tcp(host: String, port: Int)
        /// The path of a Unix domain socket.
        case unix(path: String)
    }

    public var address: Address
    /// `nil` for a connection in clear text.
    public var tls: RedisTLS?
    /// The ACL user; `nil` means Redis' `default` user.
    public var user: String?
    public var password: String?
    /// Selected on each connection. Pub/sub is the same in every database.
    public var database = 0
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
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without user and password, so that it can stand in a log.
    public var description: String {
        let database = self.database == 0 ? "" : "/\(self.database)"
        switch address {
        case .tcp(let host, let port):
            let host = host.contains(":") ? "[\(host)]" : host
            return "\(tls == nil ? "redis" : "rediss")://\(host):\(port)\(database)"
        case .unix(let path):
            return "unix://\(path)\(self.database == 0 ? "" : "?db=\(self.database)")"
        }
    }

    public var debugDescription: String { description }

    /// Keeps `dump` and `String(reflecting:)` from showing the password.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
