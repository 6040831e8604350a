import NIOCore
import TributaryCore
import TributaryProtocol
import TributaryRedis

extension Workload {
    /// One message of a read of the Redis socket that holds 64.
    static let readMessage = Workload("read a message of Redis", repetitions: 1_024) {
        let topics = TopicTable()
        let topic = Topic(channel: try Channel("chat"), project: try ProjectID("p1"))
        topics.insert(topic, name: topic.name)
        let sink = PushSink(
            topics: topics, receiver: Listener(), control: "tributary:control:n", maximumPayloadBytes: 1 << 20,
            replied: { use($0) }, probed: { use($0) })
        let reader = RESPReader(sink: sink, maximumBufferedBytes: 1 << 20)
        let payload = try Samples.loggedEnvelope()
        var message = ByteBuffer(string: "*3\r\n$7\r\nmessage\r\n$7\r\nchat:p1\r\n$\(payload.readableBytes)\r\n")
        message.writeImmutableBuffer(payload)
        message.writeStaticString("\r\n")
        var read = ByteBuffer()
        for _ in 0..<64 { read.writeImmutableBuffer(message) }
        return { [read] count in
            for _ in 0..<count / 64 {
                read.withUnsafeReadableBytes { try? reader.feed($0) }
                sink.finishBatch()
            }
        }
    }

    static let scanEnvelope = Workload("scan an envelope", repetitions: 1_000) {
        scan(Samples.envelope)
    }

    static let scanLoggedEnvelope = Workload("scan an envelope of the log", repetitions: 1_000) {
        scan(try Samples.loggedEnvelope())
    }

    private static func scan(_ envelope: ByteBuffer) -> (Int) -> Void {
        { count in
            envelope.withUnsafeReadableBytes { bytes in
                for _ in 0..<count { use(try? Envelope.scan(bytes)) }
            }
        }
    }

    /// Behind others in one buffer, as those of one read of the relay are.
    static let encodeFrame = Workload("encode a frame", repetitions: 1_024) {
        let name = try EventName(Samples.event)
        let id = try Samples.id(1_768_469_400_000_000)
        let data = Samples.data
        return { count in
            data.withUnsafeReadableBytes { bytes in
                for _ in 0..<count / 64 {
                    var buffer = ByteBuffer()
                    for _ in 0..<64 { ServerSentEventEncoder.encode(event: name, data: bytes, id: id, into: &buffer) }
                    use(buffer)
                }
            }
        }
    }

    /// One of a read of 16 KiB.
    static let decodeFrame = Workload("decode a frame", repetitions: 1_000) {
        var stream = ByteBuffer()
        let name = try EventName(Samples.event)
        let id = try Samples.id(1_768_469_400_000_000)
        Samples.data.withUnsafeReadableBytes { bytes in
            for _ in 0..<50 { ServerSentEventEncoder.encode(event: name, data: bytes, id: id, into: &stream) }
        }
        return { [stream] count in
            var decoder = ServerSentEventDecoder()
            stream.withUnsafeReadableBytes { bytes in
                for _ in 0..<count / 50 { try? decoder.feed(bytes) { use($0) } }
            }
        }
    }
}

/// Hears messages, and does nothing.
private final class Listener: RelayReceiver {
    func relayReceived(_ payload: UnsafeRawBufferPointer, on topic: Topic) { use(payload) }
    func relayHeard(_ message: ByteBuffer) {}
    func relayFinishedBatch() {}
    func relayRejected(_ reason: Envelope.Rejection, on topic: Topic) {}
    func relayDisconnected() {}
    func relayReconnected() {}
}
