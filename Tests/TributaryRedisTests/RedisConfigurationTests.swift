import Testing
import TributaryRedis

@Suite struct RedisConfigurationTests {
    @Test(arguments: [
        ("redis://localhost", "localhost", 6379), ("redis://127.0.0.1:7000", "127.0.0.1", 7000),
        ("redis://[::1]", "::1", 6379), ("redis://[fe80::1]:7000/", "fe80::1", 7000),
        ("REDIS://cache-1.example.com:1/", "cache-1.example.com", 1),
    ])
    func `host and port are read`(_ url: String, _ host: String, _ port: Int) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(configuration.address == .tcp(host: host, port: port))
        #expect(configuration.tls == nil)
        #expect(configuration.database == 0)
        #expect(configuration.password == nil)
    }

    @Test func `user, password and database are read`() throws {
        let configuration = try RedisConfiguration(url: "redis://app%40eu:p%2Fw%3A%25%40@host:1/12")
        #expect(configuration.user == "app@eu")
        #expect(configuration.password == "p/w:%@")
        #expect(configuration.database == 12)
        let plain = try RedisConfiguration(url: "redis://:p:w@host?db=3")
        #expect(plain.user == nil)
        #expect(plain.password == "p:w")
        #expect(plain.database == 3)
    }

    @Test func `rediss is TLS, with options`() throws {
        #expect(try RedisConfiguration(url: "rediss://host").tls == RedisTLS())
        let tls = try RedisConfiguration(
            url: "rediss://h?verify=ca&ca_file=/etc/ca%20x.pem&cert_file=/c&key_file=/k&server_name=n"
        ).tls
        #expect(tls?.verification == .ca)
        #expect(tls?.caFile == "/etc/ca x.pem")
        #expect(tls?.certificateFile == "/c")
        #expect(tls?.keyFile == "/k")
        #expect(tls?.serverName == "n")
    }

    @Test(arguments: [
        ("unix:///run/redis.sock", "/run/redis.sock"), ("redis+unix:///run/a%20b", "/run/a b"),
        ("unix://relative/redis.sock", "relative/redis.sock"), ("unix:///run/r@1/s", "/run/r@1/s"),
    ])
    func `sockets are read`(_ url: String, _ path: String) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(configuration.address == .unix(path: path))
        #expect(configuration.password == nil)
    }

    @Test func `a socket takes credentials and a database`() throws {
        let configuration = try RedisConfiguration(url: "unix://u:p@/run/redis.sock?db=2")
        #expect(configuration.address == .unix(path: "/run/redis.sock"))
        #expect(configuration.user == "u")
        #expect(configuration.password == "p")
        #expect(configuration.database == 2)
    }

    @Test func `sentinels are read, with the master's name`() throws {
        let configuration = try RedisConfiguration(url: "redis+sentinel://u:p@a,b:7000,[::1]:7/my%2Fmaster/2")
        let hosts = [("a", 26_379), ("b", 7_000), ("::1", 7)].map { RedisHost(name: $0.0, port: $0.1) }
        #expect(configuration.address == .sentinel(hosts, master: "my/master"))
        #expect(configuration.user == "u" && configuration.password == "p" && configuration.database == 2)
        #expect(configuration.sentinelPassword == nil)
        let url = "rediss+sentinel://a/m?sentinel_user=s&sentinel_password=geheim&verify=ca"
        let secure = try RedisConfiguration(url: url)
        #expect(secure.sentinelUser == "s" && secure.sentinelPassword == "geheim")
        #expect(secure.tls?.verification == .ca)
        #expect("\(secure)" == "rediss+sentinel://a:26379/m")
    }

    @Test func `servers of a cluster are read`() throws {
        let configuration = try RedisConfiguration(url: "redis+cluster://:p@a,[::1]:7000,b:1/0")
        let hosts = [("a", 6_379), ("::1", 7_000), ("b", 1)].map { RedisHost(name: $0.0, port: $0.1) }
        #expect(configuration.address == .cluster(hosts))
        #expect(configuration.password == "p")
        #expect("\(configuration)" == "redis+cluster://a:6379,[::1]:7000,b:1")
        #expect(
            try RedisConfiguration(url: "rediss+cluster://a?verify=none").tls?.verification
                == RedisTLS.Verification.none)
    }

    @Test(arguments: [
        "", "localhost", "redis:", "redis:/host", "redis://", "redis://:6379", "redis:///1", "redis://host:",
        "redis://host:0",
        "redis://host:65536", "redis://host:+1", "redis://host:6379x", "redis://::1", "redis://[::1", "redis://[host]",
        "redis://[::1]7", "redis://host/x", "redis://host/-1", "redis://host/1/2", "redis://host/99999999999",
        "redis://ho st",
        "redis://host\n", "redis://user@host", "redis://user:@host", "redis://u:%zz@host", "redis://u:%f@host",
        "redis://u:%ff@host",
        "redis://host?verify=none", "redis://host?x=1", "redis://host#1", "redis://host?db=1&db=2",
        "rediss://host?verify=maybe",
        "rediss://host?cert_file=/c", "rediss://host?ca_file=", "unix://", "unix:///run/s?verify=none", "unix:///a%00b",
        "redis://ho\"st", "redis://host,other", "redis+sentinel://host", "redis+sentinel://host/",
        "redis+sentinel:///m",
        "redis+sentinel://a,,b/m", "redis+sentinel://a/m/x", "redis+sentinel://a/m?sentinel_user=x",
        "redis+sentinel://a:0/m", "redis+sentinel://a/m?verify=none", "redis+cluster://a/1", "redis+cluster://",
        "redis+cluster://a,b:x", "redis+cluster://a?db=0", "redis+cluster://a?sentinel_password=x",
    ])
    func `a bad URL is one clear error`(_ url: String) {
        #expect {
            try RedisConfiguration(url: url)
        } throws: { error in
            guard case RedisConfigurationError.invalidURL? = error as? RedisConfigurationError else { return false }
            return !"\(error)".contains("\n")
        }
    }

    @Test(arguments: ["redis+clusters", "redis+tls", "http", "valkey"])
    func `schemes that are not ours are named`(_ scheme: String) {
        #expect(throws: RedisConfigurationError.unsupportedScheme(scheme)) {
            try RedisConfiguration(url: "\(scheme)://host")
        }
        #expect(RedisConfigurationError.unsupportedScheme(scheme).description.contains(scheme))
    }

    @Test(arguments: [
        "redis://user:geheim@host:99999", "redis://user:geheim@ho st", "redis://user:geheim%@host",
        "rediss://:geheim@h?pw=geheim",
        "user:geheim@host", "redis://host/geheim", "redis://u:geheim#@host", "geheim://x", "u:geheim://x",
    ])
    func `a password never stands in an error`(_ url: String) {
        #expect {
            try RedisConfiguration(url: url)
        } throws: { error in
            url.hasPrefix("geheim") || !"\(error)".contains("geheim")
        }
    }

    @Test func `a password never stands in a description`() throws {
        let configuration = try RedisConfiguration(url: "rediss://user:geheim@[::1]:1/2")
        #expect("\(configuration)" == "rediss://[::1]:1/2")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [String(reflecting: configuration), dumped, "\([configuration])"] {
            #expect(!text.contains("geheim"))
        }
        #expect("\(try RedisConfiguration(url: "unix://:geheim@/s?db=1"))" == "unix:///s?db=1")
        #expect("\(RedisCommand("AUTH", "geheim"))" == "AUTH")
    }

    @Test func `a missing certificate file is found before anything connects`() throws {
        let configuration = try RedisConfiguration(url: "rediss://host?ca_file=/nowhere/ca.pem")
        #expect {
            _ = try RedisClient(configuration)
        } throws: { error in
            "\(error)".contains("/nowhere/ca.pem")
        }
    }
}
