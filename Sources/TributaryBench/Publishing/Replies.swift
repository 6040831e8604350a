import CLinux
import Glibc

/// One answer to a message that was published.
struct Reply: Equatable {
    /// Bytes of it.
    var count: Int
    /// Why the message was not taken.
    var error: String?
}

/// Takes answers off a connection.
protocol ReplyReader {
    /// - Returns: the answer that `bytes` begin with; `nil` while it is incomplete.
    /// - Throws: ``BenchError`` for what is none.
    func read(_ bytes: UnsafeRawBufferPointer) throws -> Reply?
}

/// RESP2, one level of arrays: all that publishing is answered with.
struct RedisReplyReader: ReplyReader {
    func read(_ bytes: UnsafeRawBufferPointer) throws -> Reply? {
        guard let line = line(bytes, from: 0) else { return nil }
        switch bytes[0] {
        case 0x2A:  // *
            guard let count = Int(line.text) else { throw Self.nonsense }
            var end = line.end
            for _ in 0..<max(count, 0) {
                guard let item = try element(bytes, from: end) else { return nil }
                end = item
            }
            return Reply(count: end)
        case 0x2D: return Reply(count: line.end, error: line.text)  // -
        default: return try element(bytes, from: 0).map { Reply(count: $0) }
        }
    }

    private func element(_ bytes: UnsafeRawBufferPointer, from start: Int) throws -> Int? {
        guard let line = line(bytes, from: start) else { return nil }
        switch bytes[start] {
        case 0x2B, 0x2D, 0x3A: return line.end
        case 0x24:
            guard let count = Int(line.text) else { throw Self.nonsense }
            let end = count < 0 ? line.end : line.end + count + 2
            return end <= bytes.count ? end : nil
        default: throw Self.nonsense
        }
    }

    private func line(_ bytes: UnsafeRawBufferPointer, from start: Int) -> (text: String, end: Int)? {
        guard start < bytes.count, let end = bytes[start...].firstIndex(of: 0x0A), end > start + 1 else { return nil }
        return (String(decoding: bytes[(start + 1)..<(end - 1)], as: UTF8.self), end + 1)
    }

    private static let nonsense = BenchError("what answers there is no Redis")
}

/// HTTP/1.1 responses, pipelined.
struct HTTPReplyReader: ReplyReader {
    func read(_ bytes: UnsafeRawBufferPointer) throws -> Reply? {
        guard let head = ResponseHead.read(bytes) else { return nil }
        guard head.status > 0 else { throw BenchError("what answers there is no HTTP server") }
        var end = head.count
        var text: ArraySlice<UInt8> = []
        if head.isChunked {
            guard let base = bytes.baseAddress,
                let last = memmem(base + head.count - 2, bytes.count - head.count + 2, "\r\n0\r\n\r\n", 7)
            else { return nil }
            end = UnsafeRawPointer(last) - base + 7
        } else if let length = head.contentLength {
            end += length
        }
        guard end <= bytes.count else { return nil }
        if (200..<300).contains(head.status) { return Reply(count: end) }
        text = Array(bytes[head.count..<end].prefix(200))[...]
        let words = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: " ")
        return Reply(count: end, error: "HTTP \(head.status) \(words)")
    }
}
