import struct NIOCore.ByteBuffer
import TributaryProtocol

/// Turns the bytes of one connection into what the client acts on. Decides nothing about the connection, calls nobody.
struct StreamReader {
    enum Item {
        case event(StreamEvent)
        case connected(Connection, StreamEvent)
        case serverClose(StreamEnding, StreamEvent)
        /// The `gap` behind a replay that was cut short: history has what it names.
        case missed(Missed, StreamEvent)
    }

    /// What the client needs of `connected`. Read leniently: a stream without it, or with half of it, is still a
    /// stream.
    struct Connection {
        var heartbeat: Duration?
        var channels: Set<Channel>
        var from: UInt64?
        var latest: UInt64?
    }

    private var decoder: ServerSentEventDecoder
    private var replay = ReplayPhase()
    /// The last id of a replay that was cut short, until its `gap` comes.
    private var cutShort: UInt64?
    private var lastEventID: String

    init(lastEventID: String, maximumEventBytes: Int) {
        self.lastEventID = lastEventID
        decoder = ServerSentEventDecoder(lastEventID: lastEventID, maximumEventBytes: maximumEventBytes)
    }

    /// The newest `retry:` field.
    var retryMilliseconds: Int? { decoder.retryMilliseconds }

    /// Takes the next bytes and appends what they complete to `items`, in order.
    ///
    /// - Throws: `ServerSentEventDecoder.EventTooLarge`; `items` then holds what had been completed before.
    mutating func read(_ bytes: ByteBuffer, into items: inout [Item]) throws {
        var frames: [ServerSentEvent] = []
        defer { for frame in frames { items.append(item(frame)) } }
        try bytes.withUnsafeReadableBytes { bytes in
            try decoder.feed(bytes) { frames.append($0) }
        }
    }

    /// An id that came in a frame without data since the last call; it moves the position as well.
    mutating func idWithoutEvent() -> String? {
        guard decoder.lastEventID != lastEventID else { return nil }
        lastEventID = decoder.lastEventID
        return lastEventID
    }

    private mutating func item(_ frame: ServerSentEvent) -> Item {
        lastEventID = frame.lastEventID
        var event = StreamEvent(name: frame.event, data: frame.data, id: frame.id)
        switch frame.event {
        case Connected.eventName:
            let connection = Self.connection(event)
            replay.connected(from: connection.from, latest: connection.latest)
            cutShort = nil
            return .connected(connection, event)
        case ServerClose.eventName:
            return .serverClose(Self.ending(event), event)
        default:
            event.isReplay = replay.isReplay(event: event.name, id: event.id)
            return missed(event).map { .missed($0, event) } ?? .event(event)
        }
    }

    /// Only a `gap` that says from where is about ids; others tell of ephemeral events.
    private mutating func missed(_ event: StreamEvent) -> Missed? {
        switch event.name {
        case ReplayEnd.eventName:
            let data = (try? event.decode(as: JSONValue.self)) ?? .null
            cutShort = data["more"] == .bool(true) ? data["lastReplayedSeq"]?.sequence : nil
            return nil
        case Gap.eventName:
            guard let after = cutShort, let data = try? event.decode(as: JSONValue.self),
                data["from"]?.sequence != nil
            else { return nil }
            cutShort = nil
            return Missed(after: after, to: data["to"]?.sequence)
        default:
            return nil
        }
    }

    private static func connection(_ event: StreamEvent) -> Connection {
        let data = (try? event.decode(as: JSONValue.self)) ?? .null
        var names: Set<Channel> = []
        if case .array(let channels)? = data["channels"] {
            names = Set(channels.compactMap { $0.string.flatMap { try? Channel($0) } })
        }
        return Connection(
            // 10 minutes: a hub's longest heartbeat is one minute.
            heartbeat: data["heartbeat_ms"]?.milliseconds(1...600_000),
            channels: names,
            from: data["from_seq"]?.sequence,
            latest: data["latest_seq"]?.sequence
        )
    }

    /// Without `reconnect` the client comes back: only a clear no keeps it away.
    private static func ending(_ event: StreamEvent) -> StreamEnding {
        let data = (try? event.decode(as: JSONValue.self)) ?? .null
        return .serverClosed(
            reason: ServerClose.Reason(rawValue: data["reason"]?.string ?? "unknown"),
            reconnect: data["reconnect"] != .bool(false),
            after: data["retry_ms"]?.milliseconds(0...(1 << 40))
        )
    }
}

extension JSONValue {
    fileprivate func milliseconds(_ range: ClosedRange<Int64>) -> Duration? {
        guard case .integer(let number) = self, number >= range.lowerBound else { return nil }
        return .milliseconds(min(number, range.upperBound))
    }

    fileprivate var sequence: UInt64? {
        guard case .integer(let number) = self else { return nil }
        return UInt64(exactly: number)
    }
}
