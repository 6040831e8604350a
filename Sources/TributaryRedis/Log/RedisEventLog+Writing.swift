import NIOCore
import TributaryCore
import TributaryProtocol

extension RedisEventLog {
    public func publish(_ event: Event) async throws -> PublishReceipt {
        let command = RedisCommand.publish(event, prefix: configuration.prefix)
        let reply = eventLoop.flatSubmit { self.call([command]) }
        do {
            guard let receipt = try await reply.map({ PublishReceipt($0[0]) }).get() else {
                throw RedisError.protocolViolation("tributary_publish answered something else")
            }
            return receipt
        } catch {
            throw EventLogError(error)
        }
    }

    public func record(_ events: [HeardEvent], of project: ProjectID) -> EventLoopFuture<[RecordOutcome]> {
        guard !events.isEmpty else { return eventLoop.makeSucceededFuture([]) }
        let commands = Self.batches(of: events).map { batch in
            var command = RedisCommand.function("tributary_record", of: project, prefix: configuration.prefix)
            for event in batch {
                command.arguments += [.string(event.channel.name), .integer(event.id.rawValue), .bytes(event.envelope)]
            }
            return command
        }
        return eventLoop.flatSubmit { self.call(commands) }.flatMapThrowing { replies in
            let elements = replies.flatMap { $0.array ?? [] }
            guard elements.count == events.count else {
                throw RedisError.protocolViolation("tributary_record answered for other events")
            }
            return try zip(events, elements).map { try RecordOutcome($1, id: $0.id) }
        }.flatMapErrorThrowing { throw EventLogError($0) }
    }

    /// 200 events or 4 MiB a call, so that no call holds up Redis for long.
    private static func batches(of events: [HeardEvent]) -> [ArraySlice<HeardEvent>] {
        var batches: [ArraySlice<HeardEvent>] = []
        var (start, bytes) = (0, 0)
        for index in events.indices {
            if index - start == 200 || (index > start && bytes + events[index].envelope.readableBytes > 4 << 20) {
                batches.append(events[start..<index])
                (start, bytes) = (index, 0)
            }
            bytes += events[index].envelope.readableBytes
        }
        return batches + [events[start...]]
    }

    public func listen(
        to channels: [TributaryProtocol.Channel], of project: ProjectID, as listener: String
    ) -> EventLoopFuture<LogState> {
        let channels = canonical(channels)
        let keys = LogKeys(project, prefix: configuration.prefix)
        let listen = listening("tributary_listen", channels, project, listener)
        let logs = channels.map { RedisCommand("EXISTS", .string(keys.log($0))) }
        return eventLoop.flatSubmit { self.call([listen, LogMeta.command(channels, keys)] + logs) }
            .flatMapThrowing { replies in
                try LogMeta(replies[1], channels: channels, exists: replies[2...].map { $0 != .integer(0) }).state
            }.flatMapErrorThrowing { throw EventLogError($0) }
    }

    public func leave(_ channels: [TributaryProtocol.Channel], of project: ProjectID, as listener: String) {
        let leave = listening("tributary_leave", canonical(channels), project, listener)
        // A listener that could not be taken off counts no more once its connection is gone.
        eventLoop.execute { for answer in self.writes.send([leave]) { answer.whenComplete { _ in } } }
    }

    private func listening(
        _ name: String, _ channels: [TributaryProtocol.Channel], _ project: ProjectID, _ listener: String
    ) -> RedisCommand {
        var command = RedisCommand.function(name, of: project, prefix: configuration.prefix)
        command.arguments += [.string(listener)] + channels.map { .string($0.name) }
        return command
    }

    /// Each channel by its own name, and once.
    func canonical(_ channels: [TributaryProtocol.Channel]) -> [TributaryProtocol.Channel] {
        var seen: Set<TributaryProtocol.Channel> = []
        return channels.map { channel in catalog.index(of: channel.name).map { catalog.channels[$0] } ?? channel }
            .filter { seen.insert($0).inserted }
    }

    /// Sends commands, and once more after loading the library if Redis has lost it. On the event loop.
    func call(_ commands: [RedisCommand]) -> EventLoopFuture<[RESPValue]> {
        EventLoopFuture.whenAllSucceed(writes.send(commands), on: eventLoop).flatMapError { error in
            guard LibraryKeeper.isMissing(error) else { return self.eventLoop.makeFailedFuture(error) }
            return self.loadLibrary().flatMap {
                EventLoopFuture.whenAllSucceed(self.writes.send(commands), on: self.eventLoop)
            }
        }
    }
}

extension RecordOutcome {
    /// One element of what `tributary_record` answers.
    fileprivate init(_ reply: RESPValue, id: EventID) throws {
        let fields = reply.array ?? []
        switch fields.first?.integer {
        case -1: self = .ownerMismatch
        case 0:
            guard let position = LogPosition((fields.last?.string ?? "").utf8) else { throw Self.unreadable }
            self = .duplicate(position)
        case 1:
            guard fields.count >= 3, let position = LogPosition((fields[1].string ?? "").utf8) else {
                throw Self.unreadable
            }
            let previous = fields[2].integer.flatMap { UInt64(exactly: $0) }.flatMap { EventID($0) }
            let seen = stride(from: 3, to: fields.count - 1, by: 2).compactMap { index -> Placement.Seen? in
                guard let channel = fields[index].string,
                    let id = EventID(digits: (fields[index + 1].string ?? "").utf8)
                else { return nil }
                return Placement.Seen(channel: channel, id: id)
            }
            self = .appended(Placement(id: id, position: position, previous: previous, seen: seen))
        default: throw Self.unreadable
        }
    }

    private static var unreadable: RedisError { .protocolViolation("tributary_record answered something else") }
}
