import NIOCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A stream's socket, for what the kernel takes at once: nearly every frame, which so needs no turn through the pipeline.
///
/// The channel owns it. Nothing may be sent here once the channel is closed, since the number may be another socket's by then, nor while
/// bytes wait in the channel, which would be overtaken. On Linux alone. Lives on its channel's event loop.
struct StreamSocket {
    private let handle: NIOBSDSocket.Handle

    /// 64 slices, 1 KiB on the stack: more than a stream that skips other channels' frames writes at once, as a rule.
    static let slicesPerCall = 64

    /// - Returns: `nil` for a channel that is no socket.
    init?(of pipeline: ChannelPipeline) {
        #if os(Linux)
            let handle = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                $0
            }
            guard let handle else { return nil }
            self.handle = handle
        #else
            return nil
        #endif
    }

    /// Sends what the kernel takes now.
    ///
    /// - Returns: how many bytes it took; of a connection that is broken none, and the channel finds out what is wrong when it sends.
    func offer(_ bytes: ByteBuffer) -> Int {
        #if os(Linux)
            bytes.withUnsafeReadableBytes { max(0, send(handle, $0.baseAddress, $0.count, Self.flags)) }
        #else
            0
        #endif
    }

    /// Sends what the kernel takes now of several slices, ``slicesPerCall`` at most, in their order.
    ///
    /// - Returns: how many bytes it took.
    func offer(_ slices: ArraySlice<ByteBuffer>) -> Int {
        #if os(Linux)
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: slices.count) { vectors in
                for (index, slice) in slices.enumerated() {
                    // `slices` keeps their storage until the call is over.
                    vectors[index] = slice.withUnsafeReadableBytesWithStorageManagement { bytes, _ in
                        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                    }
                }
                var message = msghdr()
                message.msg_iov = vectors.baseAddress
                message.msg_iovlen = slices.count
                return withExtendedLifetime(slices) { max(0, sendmsg(handle, &message, Self.flags)) }
            }
        #else
            0
        #endif
    }

    #if os(Linux)
        /// The socket does not block as it is; a connection that is broken is an error and no signal.
        private static let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
    #endif
}
