import HTTPTypes
import NIOCore
import NIOHPACK

/// The head of the answer that opens a stream.
///
/// The end of the connection ends the stream: no `Transfer-Encoding`, so that the same bytes serve every version of HTTP.
enum StreamResponseHead {
    /// The bytes for HTTP/1, the empty line included. `X-Accel-Buffering`: nginx would hold the frames back otherwise.
    ///
    /// - Parameter more: further fields, the hub's own.
    static func bytes(date: String, and more: HTTPFields) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(512)
        buffer.writeStaticString(
            """
            HTTP/1.1 200 OK\r
            Content-Type: text/event-stream; charset=utf-8\r
            Cache-Control: no-cache, no-transform\r
            X-Accel-Buffering: no\r
            Connection: close\r
            Date:\u{20}
            """
        )
        buffer.writeString(date)
        for field in more {
            buffer.writeStaticString("\r\n")
            buffer.writeString(field.name.rawName)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
        }
        buffer.writeStaticString("\r\n\r\n")
        return buffer
    }

    /// The same for HTTP/2, where the connection has no say in it.
    static func http2(date: String, and more: HTTPFields) -> HPACKHeaders {
        var headers: HPACKHeaders = [":status": "200", "date": date]
        for field in fields + more { headers.add(name: field.name.canonicalName, value: field.value) }
        return headers
    }

    /// The same header fields for `HEAD /stream`.
    static var fields: HTTPFields {
        var fields: HTTPFields = [
            .contentType: "text/event-stream; charset=utf-8",
            .cacheControl: "no-cache, no-transform",
        ]
        if let name = HTTPField.Name("X-Accel-Buffering") { fields[name] = "no" }
        return fields
    }
}
