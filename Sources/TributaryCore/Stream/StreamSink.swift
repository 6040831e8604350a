import NIOCore

/// Where a stream's bytes go: a socket, or a test's recorder. Lives on its session's event loop, and so does each call.
public protocol StreamSink: AnyObject {
    /// Hands bytes over without sending them yet.
    func write(_ bytes: ByteBuffer)

    /// Sends what was written.
    ///
    /// - Returns: true if the socket has taken every byte. Otherwise the sink calls `StreamSession.sinkDrained()` once it has.
    func flush() -> Bool

    /// Bytes handed over that the socket has not taken; any decrease counts as progress.
    var pendingBytes: Int { get }

    /// Sends what was written, then closes. Nothing is called on the session afterwards.
    func close()
}
