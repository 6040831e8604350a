import NIOCore
import TributaryProtocol

/// Writes the hub's own frames. From any thread.
struct HubFrames: Sendable {
    private let node: String
    private let catalog: Catalog
    private let retryMilliseconds: Int
    /// For each channel, the names that its events arrive under, as JSON strings: written once, not per stream.
    private let eventLists: [String]

    init(node: String, catalog: Catalog, retryMilliseconds: Int) {
        self.node = node
        self.catalog = catalog
        self.retryMilliseconds = retryMilliseconds
        eventLists = catalog.channels.indices.map { channel in
            var list = ByteBuffer()
            list.writeJSONStrings(catalog.eventNames(of: channel))
            return String(String(buffer: list).dropFirst().dropLast())
        }
    }

    /// How many channels the catalog has.
    var channelCount: Int { catalog.channels.count }

    func channel(_ index: Int) -> TributaryProtocol.Channel { catalog.channels[index] }

    /// The first frame of a stream.
    func connected(_ session: StreamSession, latest: EventID?, recovered: Bool) -> ByteBuffer {
        var data = ByteBuffer()
        // 1 KiB: with the names of most channels' events.
        data.reserveCapacity(1_024)
        data.writeStaticString(#"{"protocol":1,"connection_id":"#)
        data.writeJSONString(session.id)
        data.writeStaticString(#","user_id":"#)
        data.writeJSONString(session.user.rawValue)
        data.writeStaticString(#","project_id":"#)
        data.writeJSONString(session.project.rawValue)
        write(session.channels, into: &data)
        if case .after(let id) = session.cursor {
            data.writeStaticString(#","from_seq":"#)
            data.writeDecimal(id)
        }
        if let latest {
            data.writeStaticString(#","latest_seq":"#)
            data.writeDecimal(latest.rawValue)
        }
        data.writeStaticString(recovered ? #","recovered":true"# : #","recovered":false"#)
        data.writeStaticString(#","heartbeat_ms":"#)
        data.writeDecimal(UInt64(session.heartbeat.milliseconds))
        data.writeStaticString(#","node":"#)
        data.writeJSONString(node)
        data.writeTimestamp()
        // Varied by ±25 %, so that streams cut together do not return together.
        let retry = retryMilliseconds * session.connection.spread(over: 750...1_250) / 1_000
        return frame(.connected, data, retry: retry)
    }

    /// Tells a stream which channels it has now.
    ///
    /// - Parameter id: where the stream stands in the log, if that is to be its reader's cursor.
    func subscribed(_ session: StreamSession, id: EventID?) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"connection_id":"#)
        data.writeJSONString(session.id)
        write(session.channels, into: &data)
        data.writeTimestamp()
        return frame(.subscribed, data, id: id)
    }

    private func write(_ channels: ChannelSet, into data: inout ByteBuffer) {
        data.writeStaticString(#","channels":"#)
        data.writeJSONStrings(channels.indices.map { catalog.channels[$0].name })
        data.writeStaticString(#","events":["#)
        var isFirst = true
        for channel in channels.indices where !eventLists[channel].isEmpty {
            if !isFirst { data.writeStaticString(",") }
            isFirst = false
            data.writeString(eventLists[channel])
        }
        data.writeStaticString("]")
    }

    /// Tells a stream which of its channels it lost something of.
    func gap(
        _ project: ProjectID, _ channels: ChannelSet, _ reason: GapReason, missing: MissingIDs? = nil
    ) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"project_id":"#)
        data.writeJSONString(project.rawValue)
        data.writeStaticString(#","channels":"#)
        data.writeJSONStrings(channels.indices.map { catalog.channels[$0].name })
        data.writeStaticString(#","reason":"#)
        data.writeJSONString(reason.rawValue)
        if let missing {
            data.writeStaticString(#","from":"#)
            data.writeDecimal(missing.from)
            if let to = missing.to {
                data.writeStaticString(#","to":"#)
                data.writeDecimal(to)
            }
        }
        data.writeTimestamp()
        return frame(.gap, data)
    }

    /// Who is there. Of a project with more than 1,000 users the first of them, and `more`: `GET /presence` has them all.
    func presenceSnapshot(_ project: ProjectID, _ members: [PresenceMember]) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"projectId":"#)
        data.writeJSONString(project.rawValue)
        data.writeStaticString(#","users":["#)
        for (index, member) in members.prefix(Self.snapshotLimit).enumerated() {
            if index > 0 { data.writeStaticString(",") }
            data.writeStaticString(#"{"userId":"#)
            data.writeJSONString(member.user.id.rawValue)
            data.writeStaticString(#","status":"#)
            data.writeJSONString(member.status.rawValue)
            data.writeStaticString(#","user_type":"#)
            data.writeJSONString(member.user.type)
            data.writeStaticString(#","last_seen":"#)
            data.writeDecimal(member.lastSeen)
            data.writeStaticString("}")
        }
        data.writeStaticString(members.count > Self.snapshotLimit ? #"],"more":true"# : "]")
        data.writeTimestamp()
        return frame(.presenceSnapshot, data)
    }

    /// 1,000: some 100 kB.
    private static let snapshotLimit = 1_000

    /// What follows a replay.
    func replayEnd(_ project: ProjectID, _ replay: LogReading.Replay) -> ByteBuffer {
        let (replayed, more) = (replay.replayed, replay.hasMore)
        let available = min(replay.available, LogReading.Replay.countLimit)
        var data = ByteBuffer()
        data.writeStaticString(#"{"projectId":"#)
        data.writeJSONString(project.rawValue)
        data.writeStaticString(#","lastReplayedSeq":"#)
        data.writeDecimal(replay.lastReplayed)
        data.writeStaticString(#","replayed":"#)
        data.writeDecimal(UInt64(replayed))
        data.writeStaticString(#","totalAvailable":"#)
        data.writeDecimal(UInt64(available))
        data.writeStaticString(more ? #","more":true,"message":"# : #","more":false,"message":"#)
        data.writeJSONString(
            more
                ? "\(replayed) of \(replay.isCounted ? "more than " : "")\(available) missed events were replayed; GET /history has the rest"
                : "\(replayed) missed events were replayed"
        )
        data.writeStaticString("}")
        return frame(.replayEnd, data)
    }

    /// The last frame of a stream.
    func serverClose(_ reason: StreamCloseReason, reconnect: Bool, retryMilliseconds: Int) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"reason":"#)
        data.writeJSONString(reason.rawValue)
        data.writeStaticString(reconnect ? #","reconnect":true"# : #","reconnect":false"#)
        data.writeStaticString(#","retry_ms":"#)
        data.writeDecimal(UInt64(retryMilliseconds))
        data.writeTimestamp()
        return frame(.serverClose, data, retry: retryMilliseconds)
    }

    /// Keeps a silent stream open; as an event where JavaScript wants to see it.
    func heartbeat(isEvent: Bool) -> ByteBuffer {
        guard isEvent else { return ByteBuffer(staticString: ServerSentEventEncoder.heartbeatComment) }
        var data = ByteBuffer(staticString: "{")
        data.writeTimestamp(first: true)
        return frame(.heartbeat, data)
    }

    private func frame(_ name: EventName, _ data: ByteBuffer, id: EventID? = nil, retry: Int? = nil) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(data.readableBytes + 64)
        data.withUnsafeReadableBytes {
            ServerSentEventEncoder.encode(event: name, data: $0, id: id, retry: retry, into: &buffer)
        }
        return buffer
    }
}

extension ByteBuffer {
    fileprivate mutating func writeJSONStrings(_ texts: [String]) {
        writeStaticString("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { writeStaticString(",") }
            writeJSONString(text)
        }
        writeStaticString("]")
    }

    /// `"timestamp":"2026-…Z"`, the last key of every frame of the hub's.
    fileprivate mutating func writeTimestamp(first: Bool = false) {
        writeStaticString(first ? #""timestamp":"# : #","timestamp":"#)
        writeJSONString(Instant.now.iso8601)
        writeStaticString("}")
    }
}
