import NIOCore
import TributaryCore
import TributaryProtocol

extension RedisEventLog {
    public func read(
        _ channels: [TributaryProtocol.Channel], of project: ProjectID, after cursor: LogCursor, limit: Int
    ) -> EventLoopFuture<LogPage> {
        let request = ReadQueue<EventLoopPromise<LogPage>>.Request(
            project: project, channels: canonical(channels), cursor: cursor, limit: min(max(limit, 1), 1_000))
        let promise = eventLoop.makePromise(of: LogPage.self)
        eventLoop.execute {
            self.queue.enqueue(request, promise)
            self.readNext()
        }
        return promise.futureResult
    }

    private func readNext() {
        while let (request, waiters) = queue.dequeue() {
            page(request, attempts: Self.maximumTrims).assumeIsolated().whenComplete { result in
                self.queue.finished()
                let result = result.mapError { EventLogError($0) as any Error }
                for waiter in waiters { waiter.completeWith(result) }
                // Not at once: without a connection a thousand reads would fail within each other.
                self.eventLoop.execute { self.readNext() }
            }
        }
    }

    /// 8: a trim takes 1,024 entries; the page after it that still begins with what is too old is given out all the same.
    private static let maximumTrims = 8

    /// Reads a page. What is too old is not for reading: a log that does not grow is trimmed when it is read.
    private func page(
        _ request: ReadQueue<EventLoopPromise<LogPage>>.Request, attempts: Int
    ) -> EventLoopFuture<LogPage> {
        page(request).flatMap { page, now in
            let aged = self.agedChannels(of: page, now: now)
            guard !aged.isEmpty, attempts > 0 else { return self.eventLoop.makeSucceededFuture(page) }
            var trim = RedisCommand.function("tributary_trim", of: request.project, prefix: self.configuration.prefix)
            trim.arguments += aged.map { .string($0.name) }
            return self.call([trim]).flatMap { _ in self.page(request, attempts: attempts - 1) }
        }
    }

    private func agedChannels(of page: LogPage, now: UInt64) -> [TributaryProtocol.Channel] {
        var aged: Set<TributaryProtocol.Channel> = []
        for entry in page.entries {
            guard let index = catalog.index(of: entry.channel.name) else { continue }
            let age = UInt64(catalog.retention[index].ageSeconds) * 1_000
            if entry.timestamp + age < now { aged.insert(entry.channel) }
        }
        return Array(aged)
    }

    /// First where the cursor stands and how large the envelopes are, then everything in one transaction: what is trimmed in
    /// between shows in the state.
    private func page(
        _ request: ReadQueue<EventLoopPromise<LogPage>>.Request
    ) -> EventLoopFuture<(page: LogPage, now: UInt64)> {
        let keys = LogKeys(request.project, prefix: configuration.prefix)
        let channels = request.channels
        let meta = LogMeta.command(channels, keys)
        var first = [meta]
        if case .id(let id) = request.cursor { first.append(RedisCommand("HGET", .string(keys.late), .integer(id))) }
        return EventLoopFuture.whenAllSucceed(reads.send(first), on: eventLoop).flatMapThrowing { replies in
            let sizes = try LogMeta(replies[0], channels: channels, exists: channels.map { _ in true }).averageBytes
            let late =
                replies.count > 1 ? replies[1].string.flatMap { LogPosition($0.utf8.prefix { $0 != 0x20 }) } : nil
            let start = late ?? request.cursor.position
            return (start, sizes.map { Self.count(limit: request.limit, averageBytes: $0) })
        }.flatMap { (start: LogPosition, counts: [Int]) in
            let ranges = zip(channels, counts).flatMap { channel, count -> [RedisCommand] in
                let log = RedisArgument.string(keys.log(channel))
                return [
                    RedisCommand("EXISTS", log),
                    RedisCommand("XRANGE", log, "(\(start)", "+", "COUNT", .integer(count)),
                ]
            }
            let commands = [RedisCommand("MULTI"), meta, RedisCommand("TIME")] + ranges + [RedisCommand("EXEC")]
            return EventLoopFuture.whenAllSucceed(self.reads.send(commands), on: self.eventLoop)
                .flatMapThrowing { replies in
                    try Self.page(replies.last?.array ?? [], request, start: start, counts: counts)
                }
        }
    }

    /// What a page may hold: 2 MiB of each channel. One more than asked for tells whether there is more.
    private static func count(limit: Int, averageBytes: Int) -> Int {
        max(1, min(limit, (2 << 20) / max(1, averageBytes))) + 1
    }

    private static func page(
        _ replies: [RESPValue], _ request: ReadQueue<EventLoopPromise<LogPage>>.Request, start: LogPosition,
        counts: [Int]
    ) throws -> (page: LogPage, now: UInt64) {
        let channels = request.channels
        guard replies.count == 2 + 2 * channels.count else {
            throw RedisError.protocolViolation("a transaction answered something else")
        }
        for case .error(let text) in replies { throw RedisError(serverText: text) }
        let exists = channels.indices.map { replies[2 + 2 * $0] != .integer(0) }
        let state = try LogMeta(replies[0], channels: channels, exists: exists).state
        let slices = channels.indices.map { index in
            LogSlice(replies[3 + 2 * index], channel: channels[index], count: counts[index])
        }
        let seconds = replies[1].array?.first?.integer.flatMap { UInt64(exactly: $0) } ?? 0
        return (LogSlice.page(slices, start: start, limit: request.limit, state: state), seconds * 1_000)
    }
}

extension LogCursor {
    /// Where an id stands that did not come late.
    fileprivate var position: LogPosition {
        switch self {
        case .id(let id): LogPosition(high: id)
        case .position(let position): position
        }
    }
}
