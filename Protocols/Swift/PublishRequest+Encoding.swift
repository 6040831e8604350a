import NIOCore

extension PublishRequest {
    /// Writes the body of `POST /publish` for one event; `data` goes in as it is, byte for byte.
    public static func encode(_ event: Event) -> ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(event.data.readableBytes + 256)
        body.writeStaticString(#"{"channel":"#)
        body.writeJSONString(event.channel.name)
        body.writeStaticString(#","project_id":"#)
        body.writeJSONString(event.project.rawValue)
        body.writeStaticString(#","event":"#)
        body.writeJSONString(event.name.rawValue)
        if let id = event.id {
            body.writeStaticString(#","id":"#)
            body.writeDecimal(id.rawValue)
        }
        if let clientMessageID = event.clientMessageID {
            body.writeStaticString(#","client_msg_id":"#)
            body.writeJSONString(clientMessageID)
        }
        if let trace = event.trace {
            body.writeStaticString(#","traceparent":"#)
            body.writeJSONString(trace.rawValue)
        }
        if let recipient = event.recipient {
            body.writeStaticString(#","to":{"user":"#)
            body.writeJSONString(recipient.rawValue)
            body.writeStaticString("}")
        }
        body.writeStaticString(#","data":"#)
        body.writeImmutableBuffer(event.data)
        body.writeStaticString("}")
        return body
    }
}
