import NIOCore
import TributaryCore
import TributaryProtocol

/// A socket that a test controls: it takes as many bytes as it is allowed to, and records them.
///
/// Lives on its session's event loop.
public final class RecordingSink: StreamSink {
    /// Bytes that the socket has taken.
    public private(set) var taken = ByteBuffer()
    /// Every buffer that was handed over, as it was.
    public private(set) var writes: [ByteBuffer] = []
    public private(set) var flushes = 0
    public private(set) var isClosed = false
    /// How many bytes the socket takes from now on; `nil` is all.
    public private(set) var allowance: Int?
    private var pending = ByteBuffer()

    public init(allowance: Int? = nil) {
        self.allowance = allowance
    }

    public func write(_ bytes: ByteBuffer) {
        writes.append(bytes)
        pending.writeImmutableBuffer(bytes)
    }

    public func flush() -> Bool {
        flushes += 1
        take()
        return pending.readableBytes == 0
    }

    public var pendingBytes: Int { pending.readableBytes }

    public func close() {
        take()
        isClosed = true
    }

    /// The reader stops: the socket takes nothing more.
    public func stall() { allowance = 0 }

    /// The reader goes on for `bytes` bytes (or for good). The test then calls `sinkDrained()` if this returns true.
    public func resume(bytes: Int? = nil) -> Bool {
        let hadPending = pending.readableBytes > 0
        allowance = bytes
        take()
        return hadPending && pending.readableBytes == 0
    }

    private func take() {
        var slice = pending.readSlice(length: min(allowance ?? .max, pending.readableBytes)) ?? ByteBuffer()
        if let allowance { self.allowance = allowance - slice.readableBytes }
        taken.writeBuffer(&slice)
    }

    /// The events that a client would have dispatched by now.
    public func events() throws -> [ServerSentEvent] {
        var decoder = ServerSentEventDecoder()
        var events: [ServerSentEvent] = []
        try decoder.feed(taken.readableBytesView) { events.append($0) }
        return events
    }

    /// Everything taken, as text.
    public var text: String { String(buffer: taken) }
}
