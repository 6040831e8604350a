/// Where one server listens: a host name or an IP address without brackets, and a port.
public struct RedisHost: Sendable, Hashable, CustomStringConvertible {
    public var name: String
    public var port: Int

    public init(name: String, port: Int) {
        self.name = name
        self.port = port
    }

    /// `host:6379`, or `[::1]:6379`.
    public var description: String { "\(name.contains(":") ? "[\(name)]" : name):\(port)" }
}
