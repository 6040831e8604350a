import NIOCore

extension RedisConfiguration {
    /// Reads a URL:
    ///
    /// - `redis://[user:password@]host[:port][/db]`, IPv6 hosts in brackets; `rediss://` for TLS
    /// - `unix:///path/to/redis.sock[?db=1]`, or `unix://user:password@/path`; also `redis+unix://`
    /// - `redis+sentinel://[user:password@]host[:port][,host[:port]…]/<master-name>[/db]`: the hosts are sentinels, who say where
    ///   the master is; port 26379 if none is given
    /// - `redis+cluster://[user:password@]host[:port][,host[:port]…]`: some servers of a Redis Cluster, who know the others
    ///
    /// User and password are percent-decoded; a password alone is `:password@`. `rediss://`,
    /// `rediss+sentinel://` and `rediss+cluster://` also take `?ca_file=&verify=full|ca|none&cert_file=&key_file=&server_name=`.
    /// Sentinels are given the same user and password, if they ask for one, or those of `?sentinel_user=&sentinel_password=`.
    /// The first form follows https://www.iana.org/assignments/uri-schemes/prov/redis
    ///
    /// - Throws: ``RedisConfigurationError``, which never repeats the URL: it may hold a password.
    public init(url: String) throws(RedisConfigurationError) {
        guard let colon = url.firstRange(of: "://") else {
            throw .invalidURL("it should look like redis://host:6379, rediss://… or unix:///path")
        }
        let scheme = url[..<colon.lowerBound].lowercased()
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .invalidURL("it holds a space or a control character")
        }
        var rest = url[colon.upperBound...]
        let query = rest.firstIndex(of: "?").map { rest[rest.index(after: $0)...] } ?? ""
        rest = rest.prefix { $0 != "?" }
        guard !rest.contains("#"), !query.contains("#") else {
            throw .invalidURL("'#' has no meaning in it (write %23 in a password)")
        }
        var parts = URLParts(query: query)
        switch scheme {
        case "redis", "rediss":
            try self.init(server: rest)
            if scheme == "rediss" { tls = try RedisTLS(&parts) }
        case "unix", "redis+unix":
            try self.init(socket: rest)
        case "redis+sentinel", "rediss+sentinel":
            try self.init(sentinels: rest)
            sentinelUser = try parts.take("sentinel_user")
            sentinelPassword = try parts.take("sentinel_password")
            guard sentinelUser == nil || sentinelPassword != nil else {
                throw .invalidURL("sentinel_user without sentinel_password")
            }
            if scheme == "rediss+sentinel" { tls = try RedisTLS(&parts) }
        case "redis+cluster", "rediss+cluster":
            try self.init(cluster: rest)
            if scheme == "rediss+cluster" { tls = try RedisTLS(&parts) }
        default:
            throw .unsupportedScheme(scheme.isPlainScheme ? scheme : "this")
        }
        if !isCluster, let db = try parts.take("db") { database = try Self.database(db[...]) }
        try parts.finish()
    }

    private init(server rest: Substring) throws(RedisConfigurationError) {
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (credentials, host) = Self.splitCredentials(rest[..<slash])
        self.init(address: try Self.address(host))
        try setCredentials(credentials)
        let path = rest[slash...].dropFirst()
        if !path.isEmpty { database = try Self.database(path) }
    }

    private init(sentinels rest: Substring) throws(RedisConfigurationError) {
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (credentials, hosts) = Self.splitCredentials(rest[..<slash])
        let path = rest[slash...].dropFirst().split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let master = try (path.first ?? "").percentDecoded("the master's name")
        guard !master.isEmpty else {
            throw .invalidURL("no name of a master: redis+sentinel://host:26379/<master-name>")
        }
        self.init(address: .sentinel(try Self.hosts(hosts, port: Self.defaultSentinelPort), master: master))
        try setCredentials(credentials)
        if path.count > 1, !path[1].isEmpty { database = try Self.database(path[1]) }
    }

    private init(cluster rest: Substring) throws(RedisConfigurationError) {
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (credentials, hosts) = Self.splitCredentials(rest[..<slash])
        self.init(address: .cluster(try Self.hosts(hosts, port: Self.defaultPort)))
        try setCredentials(credentials)
        guard rest[slash...].dropFirst().allSatisfy({ $0 == "0" }) else {
            throw .invalidURL("a Redis Cluster has no databases")
        }
    }

    private init(socket rest: Substring) throws(RedisConfigurationError) {
        let (credentials, path) =
            rest.firstIndex(of: "/").map { slash in
                let (credentials, host) = Self.splitCredentials(rest[..<slash])
                return (
                    credentials, host.isEmpty ? rest[slash...] : rest.dropFirst(credentials.map { $0.count + 1 } ?? 0)
                )
            } ?? Self.splitCredentials(rest)
        let decoded = try path.percentDecoded("the socket's path")
        guard !decoded.isEmpty else { throw .invalidURL("no path of a socket: unix:///path/to/redis.sock") }
        // sockaddr_un holds 108 bytes, the last one is NUL.
        guard decoded.utf8.count <= 107, !decoded.utf8.contains(0) else {
            throw .invalidURL("the socket's path is longer than 107 bytes or holds a NUL")
        }
        self.init(address: .unix(path: decoded))
        try setCredentials(credentials)
    }

    private static func splitCredentials(_ authority: Substring) -> (credentials: Substring?, host: Substring) {
        guard let at = authority.lastIndex(of: "@") else { return (nil, authority) }
        return (authority[..<at], authority[authority.index(after: at)...])
    }

    private mutating func setCredentials(_ text: Substring?) throws(RedisConfigurationError) {
        guard let text, !text.isEmpty else { return }
        guard let colon = text.firstIndex(of: ":") else {
            throw .invalidURL("a user without a password: write user:password@host, or :password@host")
        }
        let user = try text[..<colon].percentDecoded("the user")
        let password = try text[text.index(after: colon)...].percentDecoded("the password")
        guard !password.isEmpty else { throw .invalidURL("the password is empty") }
        self.user = user.isEmpty ? nil : user
        self.password = password
    }

    private static func address(_ text: Substring) throws(RedisConfigurationError) -> Address {
        let host = try host(text, port: defaultPort)
        return .tcp(host: host.name, port: host.port)
    }

    private static func hosts(_ text: Substring, port: Int) throws(RedisConfigurationError) -> [RedisHost] {
        var hosts: [RedisHost] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            hosts.append(try host(part, port: port))
        }
        return hosts
    }

    private static func host(_ text: Substring, port defaultPort: Int) throws(RedisConfigurationError) -> RedisHost {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw .invalidURL("'[' without ']'") }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard (try? SocketAddress(ipAddress: String(host), port: 0)) != nil, host.contains(":") else {
                throw .invalidURL("not an IPv6 address between the brackets")
            }
        } else {
            host = text.prefix { $0 != ":" }
            rest = text[host.endIndex...]
        }
        guard !host.isEmpty else { throw .invalidURL("no host") }
        guard host.utf8.allSatisfy(\.isHostByte) else { throw .invalidURL("the host holds a character it cannot") }
        guard !rest.isEmpty else { return RedisHost(name: String(host), port: defaultPort) }
        guard rest.hasPrefix(":"), rest.dropFirst().utf8.allSatisfy(\.isDecimalDigit),
            let port = Int(rest.dropFirst()), (1...65_535).contains(port)
        else { throw .invalidURL("the port is not a number from 1 to 65535 (IPv6 addresses stand in brackets)") }
        return RedisHost(name: String(host), port: port)
    }

    private static func database(_ text: Substring) throws(RedisConfigurationError) -> Int {
        guard text.utf8.allSatisfy(\.isDecimalDigit), let database = Int(text), database <= Int32.max else {
            throw .invalidURL("the database is not a number: …/0")
        }
        return database
    }
}

extension RedisTLS {
    fileprivate init(_ parts: inout URLParts) throws(RedisConfigurationError) {
        self.init()
        if let verify = try parts.take("verify") {
            guard let verification = Verification(rawValue: verify) else {
                throw .invalidURL("verify is full, ca or none")
            }
            self.verification = verification
        }
        caFile = try parts.take("ca_file")
        certificateFile = try parts.take("cert_file")
        keyFile = try parts.take("key_file")
        serverName = try parts.take("server_name")
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw .invalidURL("cert_file and key_file belong together")
        }
    }
}

/// The query of a URL; what nobody took is an error, so that a misspelt option is not silently ignored.
private struct URLParts {
    private var items: [(name: Substring, value: Substring)]

    init(query: Substring) {
        items = query.split(separator: "&").map { item in
            let name = item.prefix { $0 != "=" }
            return (name, item[name.endIndex...].dropFirst())
        }
    }

    mutating func take(_ name: String) throws(RedisConfigurationError) -> String? {
        guard let index = items.firstIndex(where: { $0.name == name }) else { return nil }
        let value = try items.remove(at: index).value.percentDecoded(name)
        guard !value.isEmpty else { throw .invalidURL("\(name) is empty") }
        return value
    }

    func finish() throws(RedisConfigurationError) {
        // Only the name: the value may be a password.
        guard let item = items.first else { return }
        throw .invalidURL("'\(item.name)' in its query is unknown, stands twice, or does not belong to this scheme")
    }
}

extension Substring {
    fileprivate func percentDecoded(_ what: String) throws(RedisConfigurationError) -> String {
        var bytes: [UInt8] = []
        var rest = utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else {
                throw .invalidURL("'%' without two hexadecimal digits in \(what)")
            }
            bytes.append(high << 4 | low)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidURL("\(what) is not UTF-8") }
        return text
    }
}

extension String {
    fileprivate var isPlainScheme: Bool {
        count <= 20 && utf8.allSatisfy { $0.isHostByte && $0 != UInt8(ascii: ":") || $0 == UInt8(ascii: "+") }
    }
}

extension UInt8 {
    fileprivate var isDecimalDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    /// Letters, digits, `. - _`, and `: %` of IPv6 addresses with a zone.
    fileprivate var isHostByte: Bool {
        isDecimalDigit || (self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z")) || self >= 0x80
            || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "%")]
                .contains(self)
    }

    fileprivate var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
