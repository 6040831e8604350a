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
        var lines = LineScanner(data)
        let first = lines.next()
        // All but the lines after the first: the fields' names, two numbers of 20 digits at most, and line ends.
        let room = event.rawValue.utf8.count + data.count + 72
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { room in
            var frame = FrameWriter(room)
            if let id {
                frame.write("id: ")
                frame.write(id.rawValue)
                frame.write("\n")
            }
            frame.write("event: ")
            frame.write(event.rawValue)
            frame.write("\ndata: ")
            // Nearly all data is one line: two searches, one copy.
            frame.write(first ?? data)
            if first == nil { frame.finish(retry: retry) }
            return frame.count
        }
        guard first != nil else { return }
        while let line = lines.next() {
            buffer.writeStaticString("\ndata: ")
            buffer.writeBytes(line)
        }
        buffer.writeStaticString("\ndata: ")
        buffer.writeBytes(lines.rest)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 32) { room in
            var frame = FrameWriter(room)
            frame.finish(retry: retry)
            return frame.count
        }
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
}

/// Writes into room that is known to be enough: a buffer's own checks, for each of a frame's ten pieces, cost more than the
/// copies.
private struct FrameWriter {
    private let room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ room: UnsafeMutableRawBufferPointer) {
        self.room = room
    }

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    mutating func write(_ number: UInt64) {
        withDigits(of: number) { write($0) }
    }

    /// The end of a frame, with its `retry` if it has one.
    mutating func finish(retry: Int?) {
        if let retry {
            write("\nretry: ")
            write(UInt64(max(0, retry)))
        }
        write("\n\n")
    }
}

/// A number in decimal, without making a string of it. The bytes are valid during the call.
@inline(__always)
private func withDigits(of number: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
    var value = number
    // 20 digits hold 2^64.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
        var start = 20
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
            value /= 10
        } while value > 0
        body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start..<20]))
    }
}

extension ByteBuffer {
    /// Writes a number in decimal without making a string of it.
    public mutating func writeDecimal(_ number: UInt64) {
        withDigits(of: number) { writeBytes($0) }
    }
}
