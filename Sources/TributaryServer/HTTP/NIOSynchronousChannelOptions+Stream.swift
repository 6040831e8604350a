import NIOCore

extension NIOSynchronousChannelOptions {
    /// Sets a connection up for a stream.
    func becomeStream() throws {
        // Not writable means that a byte is left, writable that none is: what `StreamSink.flush` promises.
        try setOption(.writeBufferWaterMark, value: .init(low: 1, high: 1))
    }
}
