import NIOCore

extension NIOSynchronousChannelOptions {
    /// Sets a connection up for a stream.
    func becomeStream() throws {
        // Not writable means that a byte is left, writable that none is: what `StreamSink.flush` promises.
        try setOption(.writeBufferWaterMark, value: .init(low: 1, high: 1))
        #if os(Linux)
            // TCP_NOTSENT_LOWAT, 16 KiB: what a slow reader may hold in the kernel beyond what is on its way. The default
            // lets it take 4 MB. https://man7.org/linux/man-pages/man7/tcp.7.html
            try setOption(.tcpOption(.init(rawValue: 25)), value: 16 << 10)
            // A peer that vanished is noticed by probes where the stream's own heartbeats are rarer: TCP_KEEPIDLE 20 s,
            // TCP_KEEPINTVL 7 s, until TCP_USER_TIMEOUT is over. One that lives answers the first.
            try setOption(.socketOption(.so_keepalive), value: 1)
            try setOption(.tcpOption(.init(rawValue: 4)), value: 20)
            try setOption(.tcpOption(.init(rawValue: 5)), value: 7)
        #endif
    }
}
