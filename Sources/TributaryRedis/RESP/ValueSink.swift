import CHiredis
import NIOCore

/// Builds a ``RESPValue`` of each reply. Lives on its connection's event loop.
final class ValueSink: ReplySink {
    private struct Level {
        var remaining: Int
        var values: [RESPValue] = []
    }

    private var levels: [Level] = []
    private var value: RESPValue?
    private var bytes = 0
    private let maximumBytes: Int
    private let received: (RESPValue) -> Void

    /// What a value costs beside its bytes; keeps a reply of many small elements from growing past the limit unseen.
    private static let valueBytes = 32

    /// - Parameters:
    ///   - maximumBytes: the largest reply.
    ///   - received: called with each complete reply.
    init(maximumBytes: Int, received: @escaping (RESPValue) -> Void) {
        self.maximumBytes = maximumBytes
        self.received = received
    }

    override func string(_ text: UnsafeRawBufferPointer, at task: UnsafePointer<redisReadTask>) {
        guard charge(text.count) else { return }
        switch task.pointee.type {
        case REDIS_REPLY_STATUS: append(.simpleString(String(decoding: text, as: UTF8.self)))
        case REDIS_REPLY_ERROR: append(.error(String(decoding: text, as: UTF8.self)))
        default: append(.bulkString(ByteBuffer(bytes: text)))
        }
    }

    override func array(count: Int, at task: UnsafePointer<redisReadTask>) {
        guard charge(0) else { return }
        if count == 0 {
            append(.array([]))
        } else {
            // No reservation: the count is only a claim until the elements are here.
            levels.append(Level(remaining: count))
        }
    }

    override func integer(_ value: Int64, at task: UnsafePointer<redisReadTask>) {
        if charge(0) { append(.integer(value)) }
    }

    override func null(at task: UnsafePointer<redisReadTask>) {
        if charge(0) { append(.null) }
    }

    override func finishReply() {
        bytes = 0
        guard let value else { return }
        self.value = nil
        received(value)
    }

    override func beginLongString(length: Int) -> LongString {
        guard length <= maximumBytes - bytes else {
            failure = .replyTooLarge(limit: maximumBytes)
            return .fail
        }
        return .read
    }

    override func reset() {
        levels = []
        value = nil
        bytes = 0
    }

    private func charge(_ count: Int) -> Bool {
        bytes += count + Self.valueBytes
        if bytes > maximumBytes + Self.valueBytes * 2, failure == nil { failure = .replyTooLarge(limit: maximumBytes) }
        return failure == nil
    }

    private func append(_ element: RESPValue) {
        var element = element
        while let last = levels.indices.last {
            levels[last].values.append(element)
            levels[last].remaining -= 1
            guard levels[last].remaining == 0 else { return }
            element = .array(levels.removeLast().values)
        }
        value = element
    }
}
