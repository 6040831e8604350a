import NIOCore
import TributaryProtocol

/// What the workloads work on: a chat message as a service publishes it, and as the log does.
enum Samples {
    /// 290 bytes: a message of one sentence.
    static let data = ByteBuffer(
        string: #"{"messageId":"0b6f3c1e-5f0e-4c55-9a49-7f1f6f0f4e1a","client_msg_id":"9f0d2a4c-1f53-4f0c-8e0f-"#
            + #"0a4a2d7f7b21","projectId":"p1","userId":"u1","content":{"text":"Can we ship the blue one? It is ready.","#
            + #""type":"text","mode":"chat","actor_type":"client"},"timestamp":"2026-01-15T09:30:00.000Z","seq":12345}"#
    )

    static let event = "message.new"

    /// With the time that it was published, and nothing of a log.
    static let envelope: ByteBuffer = {
        var buffer = ByteBuffer(string: #"{"event":"message.new","ts":1768469400000,"data":"#)
        buffer.writeImmutableBuffer(data)
        buffer.writeStaticString("}")
        return buffer
    }()

    /// As `FCALL tributary_publish` publishes it.
    static func loggedEnvelope() throws -> ByteBuffer {
        let first: UInt64 = 1_768_469_400_000_000
        let placement = try Placement(
            id: id(first + 1), position: LogPosition(high: first + 1), previous: id(first),
            seen: [Placement.Seen(channel: "jobs", id: id(first - 7))], epoch: first)
        let event = Event(channel: try Channel("chat"), name: try EventName(event), data: data)
        return Envelope.encode(event, timestamp: first / 1_000, placement: placement)
    }

    private struct NoID: Error {}

    static func id(_ number: UInt64) throws -> EventID {
        guard let id = EventID(number) else { throw NoID() }
        return id
    }
}
