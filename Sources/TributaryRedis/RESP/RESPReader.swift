import CHiredis

/// hiredis' incremental parser around a ``ReplySink``. Lives on its connection's event loop.
///
/// Holds at most one unfinished element, and never more than `maximumBufferedBytes` of it.
package final class RESPReader {
    private let sink: ReplySink
    private let maximumBufferedBytes: Int
    private var reader: UnsafeMutablePointer<redisReader>?
    /// What remains of a long string that is being dropped.
    private var skipping = 0

    /// 4 KiB: hiredis moves what is left in its buffer after each reply; 64 KiB at once cost 2.5 times as much, 256 KiB 7.
    private static let slice = 4096
    /// 64 KiB: no status, error or integer is longer, and no length line.
    private static let maximumLineBytes = 64 << 10

    package init(sink: ReplySink, maximumBufferedBytes: Int) {
        self.sink = sink
        self.maximumBufferedBytes = maximumBufferedBytes
        makeReader()
    }

    deinit {
        if let reader { redisReaderFree(reader) }
    }

    /// Reads `bytes`; the sink hears of all that they complete.
    ///
    /// - Throws: what ended the reading. hiredis' errors are sticky, so the connection has to be given up.
    package func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if skipping > 0 {
                let count = min(skipping, rest.count)
                skipping -= count
                rest = rest.dropFirst(count)
                continue
            }
            guard let reader else { throw .protocolViolation("no memory for a reader") }
            let slice = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.slice))
            rest = rest.dropFirst(slice.count)
            guard
                redisReaderFeed(reader, slice.baseAddress?.assumingMemoryBound(to: CChar.self), slice.count) == REDIS_OK
            else { throw error(of: reader) }
            try takeReplies(reader)
        }
    }

    private func takeReplies(_ reader: UnsafeMutablePointer<redisReader>) throws(RedisError) {
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw sink.failure ?? error(of: reader) }
            if let failure = sink.failure { throw failure }
            if reply == nil { break }
            sink.finishReply()
            if let failure = sink.failure { throw failure }
        }
        try checkUnfinished(reader)
    }

    /// Looks at the element that is here in part, before its bytes pile up.
    private func checkUnfinished(_ reader: UnsafeMutablePointer<redisReader>) throws(RedisError) {
        let unread = reader.pointee.len - reader.pointee.pos
        guard reader.pointee.ridx >= 0, unread > 0, let buffer = reader.pointee.buf else { return }
        let bytes = UnsafeRawBufferPointer(start: buffer + reader.pointee.pos, count: unread)
        let type = withUnsafeBytes(of: &reader.pointee.rstack) { tasks in
            tasks.assumingMemoryBound(to: redisReadTask.self)[Int(reader.pointee.ridx)].type
        }
        guard type == REDIS_REPLY_STRING, let (length, header) = Self.length(bytes) else {
            guard unread <= Self.maximumLineBytes else { throw .protocolViolation("a line of more than 64 KiB") }
            return
        }
        switch sink.beginLongString(length: length) {
        case .read:
            guard length <= maximumBufferedBytes else { throw .replyTooLarge(limit: maximumBufferedBytes) }
        case .fail:
            throw sink.failure ?? .replyTooLarge(limit: maximumBufferedBytes)
        case .skip:
            // With its line end, less what is here already.
            skipping = length + 2 - (unread - header)
            sink.reset()
            redisReaderFree(reader)
            makeReader()
        }
    }

    /// The length in front of a bulk string and the size of its line, once the line is complete.
    private static func length(_ bytes: UnsafeRawBufferPointer) -> (length: Int, header: Int)? {
        var value = 0
        for (index, byte) in bytes.prefix(20).enumerated() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, overflows) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
                guard !overflow, !overflows, sum < Int.max - 64 else { return (Int.max - 64, index) }
                value = sum
            case UInt8(ascii: "\r"):
                return index > 0 && index + 1 < bytes.count ? (value, index + 2) : nil
            default:
                return nil
            }
        }
        return nil
    }

    private func makeReader() {
        reader = redisReaderCreateWithFunctions(ReplySink.functions.pointer)
        reader?.pointee.privdata = Unmanaged.passUnretained(sink).toOpaque()
    }

    private func error(of reader: UnsafeMutablePointer<redisReader>) -> RedisError {
        withUnsafeBytes(of: &reader.pointee.errstr) { bytes in
            .protocolViolation(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        }
    }
}
