import NIOCore

extension NIOSynchronousChannelOptions {
    /// Sets a connection up that was just accepted. At once: options of a bootstrap go through futures, which is a twentieth of what a
    /// stream's beginning costs.
    func becomeConnection() throws {
        try setOption(.allowRemoteHalfClosure, value: true)
        // One read, then what it held is dealt with: that bounds what is held back for a client that sends ahead.
        try setOption(.maxMessagesPerRead, value: 1)
        // A connection keeps its first read buffer for life: 512 bytes hold most heads. Bodies make it grow.
        try setOption(
            .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 16 << 10))
    }

    /// Sets a connection up for a stream.
    func becomeStream() throws {
        // Not writable means that a byte is left, writable that none is: what `StreamSink.flush` promises.
        try setOption(.writeBufferWaterMark, value: .init(low: 1, high: 1))
    }
}
