import NIOCore
import TributaryCore
import TributaryProtocol

extension RedisCoordination {
    public func register(_ stream: RegisteredStream, limit: StreamLimit) -> EventLoopFuture<Registration> {
        let call = script(
            .register, of: stream.owner,
            [
                .string(stream.id.description), .string(stream.instance?.rawValue ?? ""), .bytes(stream.details),
                .integer(limit.maximum ?? -1), .string(limit.policy.rawValue),
            ])
        return eventLoop.flatSubmit { self.call(call) }.flatMapThrowing { try Registration($0) }
            .flatMapErrorThrowing { throw CoordinationError($0) }
    }

    public func refresh(_ users: [OpenStreams]) -> EventLoopFuture<[Displacement]> {
        let work = users.flatMap { user in
            user.streams.inBatches.map { OpenStreams(owner: user.owner, limit: user.limit, streams: Array($0)) }
        }
        return eventLoop.flatSubmit {
            let number = self.refreshes.begin()
            let found = self.callInBatches(work[...]) { user in
                self.refresh(user, number)
            } read: { reply in
                try (reply.array ?? []).map { try Displacement($0) }
            }
            found.assumeIsolated().whenComplete { _ in self.refreshes.finish() }
            return found
        }.flatMapErrorThrowing { throw CoordinationError($0) }
    }

    private func refresh(_ user: OpenStreams, _ number: Int) -> ScriptCall? {
        let streams = user.streams.filter { !refreshes.hasEnded($0.id, since: number) }
        guard !streams.isEmpty else { return nil }
        let limit: [RedisArgument] = [.integer(user.limit.maximum ?? -1), .string(user.limit.policy.rawValue)]
        return script(
            .refresh, of: user.owner,
            limit
                + streams.flatMap { stream -> [RedisArgument] in
                    [
                        .string(stream.id.description), .string(stream.instance?.rawValue ?? ""),
                        .bytes(stream.details), .integer(stream.connectedAt),
                    ]
                }, members: streams.count)
    }

    public func remove(_ streams: [StreamEntry]) -> EventLoopFuture<Void> {
        let owners = Dictionary(grouping: streams, by: \.owner)
        let calls = owners.flatMap { owner, entries in
            entries.inBatches.map { batch in
                script(.remove, of: owner, batch.map { .string($0.id.description) }, members: batch.count)
            }
        }
        return eventLoop.flatSubmit {
            for stream in streams { self.refreshes.end(stream.id) }
            return self.perform(calls)
        }
    }

    public func sweep(_ owners: [StreamOwner]) -> EventLoopFuture<Void> {
        // To remove nothing takes out what has expired.
        let calls = owners.map { script(.remove, of: $0, []) }
        return eventLoop.flatSubmit { self.perform(calls) }
    }

    public func streams(of owner: StreamOwner) -> EventLoopFuture<[RegisteredStream]> {
        let call = script(.list, of: owner, [])
        return eventLoop.flatSubmit { self.call(call) }.flatMapThrowing { reply in
            try (reply.array ?? []).map { try RegisteredStream($0, of: owner) }
                .sorted { ($0.connectedAt, $0.id.description) < ($1.connectedAt, $1.id.description) }
        }.flatMapErrorThrowing { throw CoordinationError($0) }
    }

    private func script(
        _ script: CoordinationScript, of owner: StreamOwner, _ arguments: [RedisArgument], members: Int = 1
    ) -> ScriptCall {
        ScriptCall(
            script: script, keys: keys.streams(of: owner), arguments: [.integer(times.stream)] + arguments,
            members: members)
    }

    /// Runs scripts whose answers say nothing. On the event loop.
    func perform(_ calls: [ScriptCall]) -> EventLoopFuture<Void> {
        callInBatches(calls[...]) {
            $0
        } read: { _ in
            [Int]()
        }
        .map { _ in }
        .flatMapErrorThrowing { throw CoordinationError($0) }
    }
}

extension Array {
    /// 50 at most: no script holds up Redis for longer than half a millisecond.
    var inBatches: [ArraySlice<Element>] {
        stride(from: 0, to: count, by: 50).map { self[$0..<Swift.min($0 + 50, count)] }
    }
}

extension RegisteredStream {
    /// What is kept of it beside its times, as a JSON object.
    fileprivate var details: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeStaticString(#"{"node":"#)
        buffer.writeJSONString(node)
        buffer.writeStaticString(#","channels":["#)
        for (index, channel) in channels.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            buffer.writeJSONString(channel)
        }
        buffer.writeStaticString("]")
        if let userAgent {
            buffer.writeStaticString(#","user_agent":"#)
            buffer.writeJSONString(userAgent)
        }
        buffer.writeStaticString("}")
        return buffer
    }

    /// Reads an element of what `stream_list.lua` answers.
    fileprivate init(_ reply: RESPValue, of owner: StreamOwner) throws(RedisError) {
        let fields = reply.array ?? []
        let texts = fields.compactMap(\.string)
        guard texts.count == fields.count, texts.count >= 6, let id = ConnectionID(texts[0]),
            let connectedAt = UInt64(texts[4]), let refreshedAt = fields[5].integer
        else { throw .protocolViolation("the registry answered something else") }
        self.init(
            id: id, owner: owner, instance: try? ClientInstanceID(texts[1]), node: texts[2],
            channels: Array(texts[6...]), userAgent: texts[3].isEmpty ? nil : texts[3], connectedAt: connectedAt,
            refreshedAt: UInt64(clamping: refreshedAt))
    }
}

extension Registration {
    /// Reads what `stream_register.lua` answers.
    fileprivate init(_ reply: RESPValue) throws(RedisError) {
        let fields = reply.array ?? []
        guard fields.count >= 2, let number = fields[1].integer.flatMap({ UInt64(exactly: $0) }) else {
            throw .protocolViolation("the registry answered something else")
        }
        switch fields[0].integer {
        case 0: self = .rejected(current: Int(clamping: number))
        case 1:
            var displaced: [Displacement] = []
            for element in fields[2...] { displaced.append(try Displacement(element)) }
            self = .accepted(connectedAt: number, displaced: displaced)
        default: throw .protocolViolation("the registry answered something else")
        }
    }
}

extension Displacement {
    fileprivate init(_ reply: RESPValue) throws(RedisError) {
        let fields = (reply.array ?? []).compactMap(\.string)
        guard fields.count == 3, let id = ConnectionID(fields[0]), let reason = Reason(rawValue: fields[2]) else {
            throw .protocolViolation("the registry answered something else")
        }
        self.init(id: id, node: fields[1], reason: reason)
    }
}
