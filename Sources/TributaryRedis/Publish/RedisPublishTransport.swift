import NIOCore
import NIOPosix
import TributaryProtocol

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Publishes events with `PUBLISH`, as services do: live, at most once.
///
/// Connects with the first event, and again with the next one after the connection was lost.
public struct RedisPublishTransport: PublishTransport {
    private let client: RedisClient
    private let prefix: String?

    /// - Parameters:
    ///   - prefix: the hub's `--redis-prefix`, if it has one.
    /// - Throws: ``RedisConfigurationError`` for TLS files that cannot be used. Nothing connects yet.
    public init(
        _ configuration: RedisConfiguration,
        prefix: String? = nil,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()
    ) throws(RedisConfigurationError) {
        client = try RedisClient(configuration, on: eventLoop)
        self.prefix = prefix
    }

    /// - Throws: ``RedisError``. After ``RedisError/connectionLost(_:)`` or ``RedisError/timeout(_:)`` it is unknown whether the
    ///   event was published.
    public func publish(_ event: Event) async throws -> PublishReceipt {
        let envelope = Envelope.encode(event, timestamp: Self.now)
        _ = try await client.send("PUBLISH", .string(event.topic.name(prefix: prefix)), .bytes(envelope))
        return PublishReceipt(id: event.id?.rawValue, duplicate: false)
    }

    public func shutdown() async {
        await client.shutdown()
    }

    /// Milliseconds since 1970.
    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }
}

extension PublishTransport where Self == RedisPublishTransport {
    /// A transport to the Redis at `url`, as in `TributaryPublisher(.redis("redis://localhost"))`.
    ///
    /// - Throws: ``RedisConfigurationError``; see ``RedisConfiguration/init(url:)`` for what the URL may be.
    public static func redis(
        _ url: String,
        prefix: String? = nil
    ) throws(RedisConfigurationError) -> RedisPublishTransport {
        try RedisPublishTransport(RedisConfiguration(url: url), prefix: prefix)
    }
}
