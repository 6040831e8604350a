import NIOCore
import TributaryCore
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
            drain: .seconds(Int64(options.drainSeconds))
        )
    }
}

extension HubConfiguration {
    init(_ options: ServeOptions, node: String) {
        self.init(node: node, version: Tributary.version)
        lingerMilliseconds = options.lingerSeconds * 1_000
        tailBytes = options.tailBytes
    }
}

extension RedisRelay.Configuration {
    init(_ options: ServeOptions, redis: RedisConfiguration, node: String) {
        self.init(redis: redis, node: node, prefix: options.redisPrefix)
        probeIntervalMilliseconds = options.probeSeconds * 1_000
    }
}
