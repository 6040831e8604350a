#if os(Linux)
    import Glibc
    import NIOCore
    import NIOPosix

    /// A socket that a stream's bytes are sent to, for what the kernel takes at once: nearly every frame.
    ///
    /// Who has it closes it, with ``close()``, and uses it no more. Lives on its stream's event loop.
    struct StreamSocket {
        let descriptor: CInt

        /// 64 slices, 1 KiB on the stack: more than a stream that skips other channels' frames writes at once, as a rule.
        static let slicesPerCall = 64

        init(descriptor: CInt) {
            self.descriptor = descriptor
        }

        /// Another descriptor of a channel's socket, which stays open when the channel closes its own.
        ///
        /// - Returns: `nil` for a channel that is no socket, for one that has yet to send something, and where the process has no files left.
        init?(of channel: any Channel) {
            guard let waiting = try? channel.syncOptions?.getOption(.bufferedWritableBytes), waiting == 0,
                let own = Self.descriptor(of: channel)
            else { return nil }
            descriptor = fcntl(own, F_DUPFD_CLOEXEC, 0)
            guard descriptor >= 0 else { return nil }
        }

        /// A channel's socket; `nil` for a channel that is none.
        static func descriptor(of channel: any Channel) -> CInt? {
            (channel._channelCore as? any NIOTransportAccessibleChannelCore).flatMap { descriptor(of: $0) }
        }

        /// As `withUnsafeTransportIfAvailable` has it, whose cast to a constrained type takes 4 µs each time: the runtime doesn't
        /// remember those.
        private static func descriptor(of core: some NIOTransportAccessibleChannelCore) -> CInt? {
            try? core.withUnsafeTransport { $0 as? NIOBSDSocket.Handle }
        }

        func close() {
            // What the client still said would have the kernel send a reset, which may overtake the last frame.
            _ = discard()
            Glibc.close(descriptor)
        }

        /// Sends what the kernel takes now.
        ///
        /// - Returns: how many bytes it took; of a connection that is broken none.
        func offer(_ bytes: ByteBuffer) -> Int {
            bytes.withUnsafeReadableBytes { max(0, send(descriptor, $0.baseAddress, $0.count, Self.flags)) }
        }

        /// Sends what the kernel takes now of several slices, ``slicesPerCall`` at most, in their order.
        ///
        /// - Returns: how many bytes it took.
        func offer(_ slices: ArraySlice<ByteBuffer>) -> Int {
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
                return withExtendedLifetime(slices) { max(0, sendmsg(descriptor, &message, Self.flags)) }
            }
        }

        /// The client has closed its end, or the connection is broken.
        var hasEnded: Bool {
            var byte: UInt8 = 0
            let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK | MSG_DONTWAIT))
            return count == 0 || count < 0 && errno != EAGAIN && errno != EINTR
        }

        /// What became of bytes that the client sent.
        enum Discarded {
            case all
            /// There may be more.
            case some
            /// The client sends no more.
            case ended
            case failed
        }

        /// Drops what the client has sent, 1 MiB at most.
        func discard() -> Discarded {
            for _ in 0..<Self.discardsPerCall {
                // Nothing is copied: https://man7.org/linux/man-pages/man7/tcp.7.html
                let count = recv(descriptor, nil, Self.discardedPerCall, CInt(MSG_TRUNC | MSG_DONTWAIT))
                if count == 0 { return .ended }
                if count < 0 { return errno == EAGAIN || errno == EINTR ? .all : .failed }
                if count < Self.discardedPerCall { return .all }
            }
            return .some
        }

        private static let discardsPerCall = 16
        private static let discardedPerCall = 64 << 10
        /// The socket does not block as it is; a connection that is broken is an error and no signal.
        private static let flags = CInt(MSG_NOSIGNAL | MSG_DONTWAIT)
    }
#endif
