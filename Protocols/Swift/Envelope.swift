public import NIOCore

/// What a publisher sends through the relay: `{"event":…,"data":…}` and the optional keys of the wire contract.
///
/// `data` is not decoded: it is a range of the scanned bytes, and goes to the streams byte for byte.
public struct Envelope: Sendable, Equatable {
    public var event: EventName
    /// Where the value of `data` stands in the scanned bytes.
    public var data: Range<Int>
    public var id: EventID?
    /// An `id` was there, but is not a number within 1…2^53 − 1, as with services that send ULIDs; it is ignored.
    public var hasUnusableID = false
    public var recipient: UserID?
    /// `ts`: when the publisher sent it, in milliseconds since 1970.
    public var timestamp: UInt64?
    /// `committed_at`: when the publisher's database committed it, in milliseconds since 1970.
    public var committedAt: UInt64?
    /// What the log said of the event, if it went through one: with `position` in an envelope, `id`, `prev` and `seen` are the
    /// log's. Without it the event was published by `PUBLISH` alone, and its `prev` is nobody's word.
    public var placement: Placement?
    /// W3C Trace Context: https://www.w3.org/TR/trace-context/#traceparent-header
    public var traceparent: String?
    public var clientMessageID: String?
    /// Reconnection time in milliseconds, clamped to 1–60 s.
    public var retry: Int?

    /// Why an envelope was refused; the raw value is the reason in `/stats` and in error answers.
    public enum Rejection: String, Error, Sendable, CaseIterable {
        /// Not one JSON object in UTF-8, nested too deeply, or a key stands in it twice.
        case malformed = "malformed_envelope"
        case missingEvent = "missing_event"
        case invalidEvent = "invalid_event"
        case reservedEvent = "reserved_event"
        case missingData = "missing_data"
        /// `to` is not `{"user":"…"}`: refused, because otherwise everybody would read it.
        case invalidRecipient = "invalid_recipient"
        case tooLarge = "too_large"
    }

    init(event: EventName, data: Range<Int>) {
        self.event = event
        self.data = data
    }

    /// 1 MiB: the largest envelope unless the hub is told otherwise.
    public static let maximumBytes = 1 << 20
    /// 16 KiB: what a log may add to an envelope with its placement, whatever the catalog's channels are called.
    public static let maximumPlacementBytes = 16 << 10

    /// Writes the envelope of an event for `PUBLISH`, and with a `placement` as a log publishes it: the placement's id is then
    /// the event's.
    public static func encode(_ event: Event, timestamp: UInt64, placement: Placement? = nil) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(event.data.readableBytes + 128)
        buffer.writeStaticString(#"{"event":"#)
        buffer.writeJSONString(event.name.rawValue)
        if let id = placement?.id ?? event.id { buffer.writeMember("id", id.rawValue) }
        if let placement { buffer.write(placement) }
        if let recipient = event.recipient {
            buffer.writeStaticString(#","to":{"user":"#)
            buffer.writeJSONString(recipient.rawValue)
            buffer.writeStaticString("}")
        }
        if let clientMessageID = event.clientMessageID {
            buffer.writeStaticString(#","client_msg_id":"#)
            buffer.writeJSONString(clientMessageID)
        }
        if let trace = event.trace {
            buffer.writeStaticString(#","traceparent":"#)
            buffer.writeJSONString(trace.rawValue)
        }
        buffer.writeStaticString(#","ts":"#)
        buffer.writeDecimal(timestamp)
        buffer.writeStaticString(#","data":"#)
        buffer.writeImmutableBuffer(event.data)
        buffer.writeStaticString("}")
        return buffer
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ placement: Placement) {
        writeMember("prev", placement.previous?.rawValue ?? 0)
        if !placement.seen.isEmpty {
            writeStaticString(#","seen":{"#)
            for (index, seen) in placement.seen.enumerated() {
                if index > 0 { writeStaticString(",") }
                writeJSONString(seen.channel)
                writeStaticString(":\"")
                writeDecimal(seen.id.rawValue)
                writeStaticString("\"")
            }
            writeStaticString("}")
        }
        writeStaticString(#","position":""#)
        writeString(placement.position.description)
        writeStaticString("\"")
        if placement.epoch != 0 { writeMember("log", placement.epoch) }
    }

    /// `,"name":"7"`: in quotes, for readers whose numbers are doubles.
    fileprivate mutating func writeMember(_ name: StaticString, _ number: UInt64) {
        writeStaticString(",\"")
        writeStaticString(name)
        writeStaticString("\":\"")
        writeDecimal(number)
        writeStaticString("\"")
    }
}
