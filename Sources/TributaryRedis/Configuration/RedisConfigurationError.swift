/// A Redis URL or TLS setting that cannot work; found before anything connects. Never holds a password.
public enum RedisConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not a scheme of ``RedisConfiguration/init(url:)``.
    case unsupportedScheme(String)
    /// The URL is not well-formed; the text says where.
    case invalidURL(String)
    /// A certificate or key file cannot be used.
    case tls(String)

    public var description: String {
        switch self {
        case .unsupportedScheme(let scheme):
            "\(scheme):// is not a Redis URL: use redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://"
        case .invalidURL(let cause):
            "not a valid Redis URL: \(cause)"
        case .tls(let cause):
            "Redis TLS: \(cause)"
        }
    }
}
