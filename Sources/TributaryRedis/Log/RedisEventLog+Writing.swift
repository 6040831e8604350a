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
            self = .duplicate(position, epoch: fields.count > 2 ? Self.epoch(fields[1]) : 0)
        case 1:
            guard fields.count >= 3, let position = LogPosition((fields[1].string ?? "").utf8) else {
                throw Self.unreadable
            }
            let previous = fields[2].integer.flatMap { UInt64(exactly: $0) }.flatMap { EventID($0) }
            // Pairs, and the epoch behind them; a library that an older hub has loaded leaves it out.
            let epoch = fields.count.isMultiple(of: 2) ? fields.last.map(Self.epoch) ?? 0 : 0
            let seen = stride(from: 3, to: fields.count - 1, by: 2).compactMap { index -> Placement.Seen? in
                guard let channel = fields[index].string,
                    let id = EventID(digits: (fields[index + 1].string ?? "").utf8)
                else { return nil }
                return Placement.Seen(channel: channel, id: id)
            }
            self = .appended(
                Placement(id: id, position: position, previous: previous, seen: seen, epoch: epoch))
        default: throw Self.unreadable
        }
    }

    private static func epoch(_ value: RESPValue) -> UInt64 { value.integer.flatMap { UInt64(exactly: $0) } ?? 0 }

    private static var unreadable: RedisError { .protocolViolation("tributary_record answered something else") }
}
