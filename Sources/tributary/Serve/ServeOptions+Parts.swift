import NIOCore
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributaryServer

// What each part is told of the options.

extension ServerConfiguration {
    init(_ options: ServeOptions) {
        self.init(
            hostname: options.hostname,
            port: options.port,
            authentication: options.auth,
            heartbeat: .seconds(Int64(options.heartbeatSeconds)),
            drain: .seconds(Int64(options.drainSeconds)),
            adminToken: options.adminToken
        )
        jwt = options.jwt
        signature = options.signature
        application = options.application
        publishing = options.publishing
        browsers = options.browsers
        transport = options.transport
        maximumConnections = ProcessLimits.openFiles.map { Self.connections(within: $0, threads: options.threads) }
    }

    /// What a limit of open files leaves for connections: 128 are for Redis, the log and the like, and 4 a thread for its event loop.
    /// Half where that is more.
    static func connections(within openFiles: Int, threads: Int) -> Int {
        max(openFiles - 128 - 4 * threads, openFiles / 2, 1)
    }
}

extension HubConfiguration {
    init(_ options: ServeOptions, node: String) {
        self.init(node: node, version: Tributary.version)
        lingerMilliseconds = options.lingerSeconds * 1_000
        tailBytes = options.tailBytes
        replayLimit = options.replayLimit
        maximumStreamAgeMilliseconds = options.maxStreamAgeSeconds == 0 ? nil : options.maxStreamAgeSeconds * 1_000
        maximumStreams = options.maxStreams ?? ProcessLimits.openFiles.map(Self.streams(within:))
        streamLimit = StreamLimit(
            maximum: options.maxStreamsPerUser == 0 ? nil : options.maxStreamsPerUser, policy: options.overLimit
        )
        maximumStreamsPerAddress = options.maxStreamsPerAddress == 0 ? nil : options.maxStreamsPerAddress
        acceptsPerSecondPerAddress =
            options.connectsPerSecondPerAddress == 0 ? nil : options.connectsPerSecondPerAddress
    }

    /// What a limit of open files leaves for streams: 5 % and 256 for the API, Redis and the log. Half where that is nothing.
    static func streams(within openFiles: Int) -> Int {
        max(openFiles / 100 * 95 + openFiles % 100 * 95 / 100 - 256, openFiles / 2, 1)
    }
}

extension RedisRelay.Configuration {
    init(_ options: ServeOptions, redis: RedisConfiguration, node: String) {
        self.init(redis: redis, node: node, prefix: options.redisPrefix)
        probeIntervalMilliseconds = options.probeSeconds * 1_000
        // What the log says of an event comes on top of what publishers may send.
        maximumEnvelopeBytes = Envelope.maximumBytes + Envelope.maximumPlacementBytes
    }
}

extension RedisEventLog.Configuration {
    init(_ options: ServeOptions, redis: RedisConfiguration) {
        self.init(redis: redis, prefix: options.redisPrefix)
        probeIntervalMilliseconds = options.probeSeconds * 1_000
    }
}

extension RedisCoordination.Configuration {
    init(_ options: ServeOptions, redis: RedisConfiguration) {
        self.init(redis: redis, prefix: options.redisPrefix)
    }
}
