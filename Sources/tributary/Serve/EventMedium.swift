import Logging
import NIOCore
import TributaryCore
import TributaryProtocol
import TributaryRedis
import TributarySQLite

/// What carries events and what keeps the durable ones: Redis for both, or this process, with a file or without.
struct EventMedium {
    let relay: any Relay
    let log: any EventLog

    /// - Parameter eventLoops: one for the relay and one for the log, so that a long read does not keep live events waiting.
    /// - Throws: ``ConfigurationError`` or `DataFileError` for what cannot start. A Redis that does not answer is no error.
    init(
        _ options: ServeOptions, catalog: Catalog, node: String,
        on eventLoops: (relay: any EventLoop, log: any EventLoop),
        logger: Logger
    ) throws {
        if let url = options.redis {
            do {
                let redis = try RedisConfiguration(url: url)
                relay = try RedisRelay(.init(options, redis: redis, node: node), on: eventLoops.relay, logger: logger)
                log = try RedisEventLog(
                    .init(options, redis: redis), catalog: catalog, on: eventLoops.log, logger: logger)
            } catch {
                // The URL was checked when it was read; TLS files are looked at only now.
                throw ConfigurationError("redis: \(error)")
            }
            return
        }
        let relay = MemoryRelay(eventLoop: eventLoops.relay)
        self.relay = relay
        // Nothing is published here but through the log: there is nothing that it could have missed.
        if let path = options.data {
            log = try SQLiteEventLog(path: path, catalog: catalog, relay: relay, logger: logger, marksLapses: false)
        } else {
            log = MemoryEventLog(catalog: catalog, relay: relay, marksLapses: false)
        }
    }
}
