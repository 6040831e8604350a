public import NIOCore

/// Writes frames of an event stream: LF line ends, one `data:` line per line of data.
///
/// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
public enum ServerSentEventEncoder {
    /// A comment that keeps proxies from closing a silent stream; clients do not see it.
    public static let heartbeatComment: StaticString = ": heartbeat\n\n"

    /// Appends one frame to `buffer`. A line break of any kind in `data` (CR, LF, CRLF) starts a new `data:` line.
    ///
    /// - Parameters:
    ///   - retry: reconnection time in milliseconds, sent in the same frame.
    public static func encode(
        event: EventName,
        data: UnsafeRawBufferPointer,
        id: EventID? = nil,
        retry: Int? = nil,
        into buffer: inout ByteBuffer
    ) {
        if let id {
            buffer.writeStaticString("id: ")
            buffer.writeDecimal(id.rawValue)
            buffer.writeStaticString("\n")
        }
        buffer.writeStaticString("event: ")
        buffer.writeString(event.rawValue)
        buffer.writeStaticString("\ndata: ")
        writeLines(of: data, into: &buffer)
        if let retry {
            buffer.writeStaticString("\nretry: ")
            buffer.writeDecimal(UInt64(max(0, retry)))
        }
        buffer.writeStaticString("\n\n")
    }

    /// Appends one frame whose data is a string; for frames off the hot path.
    public static func encode(
        event: EventName,
        data: String,
        id: EventID? = nil,
        retry: Int? = nil,
        into buffer: inout ByteBuffer
    ) {
        var data = data
        data.withUTF8 { utf8 in
            encode(event: event, data: UnsafeRawBufferPointer(utf8), id: id, retry: retry, into: &buffer)
        }
    }

    private static func writeLines(of data: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        // Nearly all data is one line: two searches, one copy.
        var lines = LineScanner(data)
        while let line = lines.next() {
            buffer.writeBytes(line)
            buffer.writeStaticString("\ndata: ")
        }
        buffer.writeBytes(lines.rest)
    }
}

extension ByteBuffer {
    /// Writes a number in decimal without making a string of it.
    public mutating func writeDecimal(_ number: UInt64) {
        var value = number
        // 20 digits hold 2^64.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
                value /= 10
            } while value > 0
            writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start..<20]))
        }
    }
}
