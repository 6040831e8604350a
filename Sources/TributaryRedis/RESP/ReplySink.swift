import CHiredis

/// What hiredis' reader calls while it reads a reply, in the order of the bytes: depth first, arrays before elements.
///
/// Pointers are valid only during the call. Lives on its connection's event loop.
package class ReplySink {
    /// Set by a sink that cannot go on; the reader then stops.
    final var failure: RedisError?

    func string(_ bytes: UnsafeRawBufferPointer, at task: UnsafePointer<redisReadTask>) {}
    func array(count: Int, at task: UnsafePointer<redisReadTask>) {}
    func integer(_ value: Int64, at task: UnsafePointer<redisReadTask>) {}
    func null(at task: UnsafePointer<redisReadTask>) {}

    /// One reply is complete. Not called from within the reader, so the sink may do as it likes.
    func finishReply() {}

    /// A bulk string of `length` bytes has begun, of which not all are here.
    func beginLongString(length: Int) -> LongString { .read }

    /// Forgets a reply that was read in part.
    func reset() {}

    enum LongString {
        /// Wait for it to be complete.
        case read
        /// Drop it, and the reply whose last element it is, without keeping its bytes.
        case skip
        /// Too long to go on.
        case fail
    }
}

extension ReplySink {
    /// hiredis' table of functions; never freed, as readers point to it. The functions return their own sink as the
    /// "object", because `NULL` would mean that there is no memory.
    static let functions: FunctionTable = {
        let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        table.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, bytes, count in
                    guard let task, let sink = task.pointee.privdata else { return nil }
                    of(sink).string(UnsafeRawBufferPointer(start: bytes, count: count), at: task)
                    return sink
                },
                createArray: { task, count in
                    guard let task, let sink = task.pointee.privdata else { return nil }
                    of(sink).array(count: Int(count), at: task)
                    return sink
                },
                createInteger: { task, value in
                    guard let task, let sink = task.pointee.privdata else { return nil }
                    of(sink).integer(value, at: task)
                    return sink
                },
                createNil: { task in
                    guard let task, let sink = task.pointee.privdata else { return nil }
                    of(sink).null(at: task)
                    return sink
                },
                freeObject: { _ in }
            )
        )
        return FunctionTable(pointer: table)
    }()

    /// `@unchecked`: written once before anybody sees it, then only read.
    struct FunctionTable: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<redisReplyObjectFunctions>
    }

    @inline(__always)
    private static func of(_ privdata: UnsafeMutableRawPointer) -> ReplySink {
        Unmanaged<ReplySink>.fromOpaque(privdata).takeUnretainedValue()
    }
}
