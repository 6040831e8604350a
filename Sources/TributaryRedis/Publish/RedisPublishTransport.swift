import NIOCore
import NIOPosix
import TributaryProtocol

/// Publishes events with the function that a hub has loaded into Redis: id, log, publish and duplicates in one step. It works
/// without a hub being there, once one has been.
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
    ///   event was published: with a `clientMessageID`, or an id of its own, it can be published again.
    public func publish(_ event: Event) async throws -> PublishReceipt {
        do {
            let reply = try await client.send(.publish(event, prefix: prefix)).get()
            guard let receipt = PublishReceipt(reply) else {
                throw RedisError.protocolViolation("tributary_publish answered something else")
            }
            return receipt
        } catch RedisError.server(_, let message) where message.hasPrefix("ERR Function not found") {
            throw RedisError.libraryMissing
        }
    }

    public func shutdown() async {
        await client.shutdown()
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
