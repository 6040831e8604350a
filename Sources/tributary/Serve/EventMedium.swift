import Logging
import NIOCore
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributarySQLite

/// What carries events, what keeps the durable ones, and what nodes share beside: Redis for all three, or this process, with a
/// file for the log or without.
struct EventMedium {
    let relay: any Relay
    let log: any EventLog
    let coordination: any Coordination

    /// - Parameter eventLoops: one for the relay and one for the log, so that a long read does not keep live events waiting; where
    ///   there are more, one for the coordination.
    /// - Throws: ``ConfigurationError`` or `DataFileError` for what cannot start. A Redis that does not answer is no error.
    init(
        _ options: ServeOptions, catalog: Catalog, node: String,
        on eventLoops: (relay: any EventLoop, log: any EventLoop, coordination: any EventLoop),
        logger: Logger
    ) throws {
        if let url = options.redis {
            do {
                let redis = try RedisConfiguration(url: url)
                let configuration = RedisRelay.Configuration(options, redis: redis, node: node)
                relay =
                    redis.isCluster
                    ? try RedisClusterRelay(configuration, on: eventLoops.relay, logger: logger)
                    : try RedisRelay(configuration, on: eventLoops.relay, logger: logger)
                log = try RedisEventLog(
                    .init(options, redis: redis), catalog: catalog, on: eventLoops.log, logger: logger)
                coordination = try RedisCoordination(
                    .init(options, redis: redis), on: eventLoops.coordination, logger: logger)
            } catch {
                // The URL was checked when it was read; TLS files are looked at only now.
                throw ConfigurationError("redis: \(error)")
            }
            return
        }
        let relay = MemoryRelay(eventLoop: eventLoops.relay)
        self.relay = relay
        coordination = MemoryCoordination(relay: relay)
        // Nothing is published here but through the log: there is nothing that it could have missed.
        if let path = options.data {
            log = try SQLiteEventLog(path: path, catalog: catalog, relay: relay, logger: logger, marksLapses: false)
        } else {
            log = MemoryEventLog(catalog: catalog, relay: relay, marksLapses: false)
        }
    }
}
