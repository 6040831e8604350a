/// A Redis URL or TLS setting that cannot work; found before anything connects. Never holds a password.
public enum RedisConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not `redis`, `rediss`, `unix` or `redis+unix`.
    case unsupportedScheme(String)
    /// The URL is not well-formed; the text says where.
    case invalidURL(String)
    /// A certificate or key file cannot be used.
    case tls(String)

    public var description: String {
        switch self {
        case .unsupportedScheme(let scheme) where scheme == "redis+cluster" || scheme == "redis+sentinel":
            "\(scheme):// is not supported yet: give the redis:// URL of one server"
        case .unsupportedScheme(let scheme):
            "\(scheme):// is not a Redis URL: use redis://, rediss:// or unix://"
        case .invalidURL(let cause):
            "not a valid Redis URL: \(cause)"
        case .tls(let cause):
            "Redis TLS: \(cause)"
        }
    }
}
