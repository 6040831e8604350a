import Logging
import NIOCore

/// Keeps the function library in one Redis as it has to be. Lives on its event loop.
final class LibraryKeeper {
    private let own: CatalogLine
    private let prefix: String
    private let isCluster: Bool
    private let logger: Logger
    private let eventLoop: any EventLoop
    private var isFirst = true
    private var warned: Set<String> = []
    private var running: EventLoopFuture<Void>?
    /// The catalog in Redis is another one than this hub's, as far as the last look tells.
    private(set) var hasOtherCatalog = false

    init(own: CatalogLine, prefix: String?, isCluster: Bool = false, eventLoop: any EventLoop, logger: Logger) {
        self.own = own
        self.prefix = prefix ?? ""
        self.isCluster = isCluster
        self.eventLoop = eventLoop
        self.logger = logger
    }

    /// Looks what Redis has, and loads what is missing; one look at a time, however many ask.
    ///
    /// The future fails with ``RedisError``.
    func check(on connection: RedisConnection) -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        if let running { return running }
        let version = connection.send(RedisCommand("FCALL", "tributary_version", "0", .string(prefix)))
        let promise = eventLoop.makePromise(of: Void.self)
        running = promise.futureResult
        version.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let value) where !self.isFirst && self.isOwn(value):
                self.hasOtherCatalog = false
                self.finish(promise, .success(()))
            case .failure(let error) where !Self.isMissing(error):
                self.finish(promise, .failure(error))
            case .success(let value):
                self.compare(on: connection, isOwn: self.isOwn(value), promise)
            case .failure:
                self.compare(on: connection, isOwn: false, promise)
            }
        }
        return promise.futureResult
    }

    private func isOwn(_ version: RESPValue) -> Bool {
        guard let fields = version.array, fields.count == 3 else { return false }
        return fields[0].integer == Int64(FunctionLibrary.currentCode) && fields[1].integer == Int64(own.revision)
            && fields[2].string == own.hash
    }

    /// - Parameter isOwn: what is there is right as far as it says; then whoever may not list functions need not.
    private func compare(on connection: RedisConnection, isOwn: Bool, _ promise: EventLoopPromise<Void>) {
        let list = RedisCommand("FUNCTION", "LIST", "LIBRARYNAME", .string(FunctionLibrary.name), "WITHCODE")
        connection.send(list).assumeIsolated().whenComplete { result in
            switch result {
            case .failure(let error): self.finish(promise, isOwn ? .success(()) : .failure(error))
            case .success(let value):
                let found = Self.text(in: value).flatMap { FunctionLibrary($0) }
                let decision = LibraryDecision(
                    found: found, own: self.own, isFirst: self.isFirst, isCluster: self.isCluster)
                for warning in decision.warnings where self.warned.insert(warning).inserted {
                    self.logger.warning("the catalog in Redis is not this hub's", metadata: ["cause": "\(warning)"])
                }
                self.hasOtherCatalog = decision.hasOtherCatalog
                guard let text = decision.load else { return self.finish(promise, .success(())) }
                let load = connection.send(RedisCommand("FUNCTION", "LOAD", "REPLACE", .string(text)))
                load.assumeIsolated().whenComplete { result in
                    self.finish(promise, result.map { _ in })
                }
            }
        }
    }

    private func finish(_ promise: EventLoopPromise<Void>, _ result: Result<Void, any Error>) {
        running = nil
        if case .success = result { isFirst = false }
        promise.completeWith(result)
    }

    /// Field by field in turn, as RESP2 has maps.
    private static func text(in list: RESPValue) -> String? {
        guard let fields = list.array?.first?.array,
            let name = fields.firstIndex(where: { $0.string == "library_code" }), name + 1 < fields.count
        else { return nil }
        return fields[name + 1].string
    }

    /// Whether Redis has lost the library, or another hub has loaded one without this prefix.
    static func isMissing(_ error: any Error) -> Bool {
        guard case RedisError.server(_, let message)? = error as? RedisError else { return false }
        return message.hasPrefix("ERR Function not found") || message.hasPrefix("ERR unknown_prefix")
    }
}
