#if os(Linux)
    import NIOCore
    import TributaryCore

    /// The end of a stream's connection over plain HTTP/1: a socket, and nothing else.
    ///
    /// The channel that brought the request has let go of it: a channel with its pipeline takes three times the memory of all else that a
    /// stream needs, and its way to the socket as long as all else that a delivery takes. What the client still sends is dropped. Lives
    /// on its session's event loop.
    final class SocketStream: StreamSink {
        private let socket: StreamSocket
        private let poller: SocketPoller
        /// Called once, when the socket has been closed.
        private let closed: (SocketStream) -> Void
        /// Not sent yet: mostly one slice, and mostly for no longer than a call.
        private var first: ByteBuffer?
        private var more: [ByteBuffer] = []
        /// The kernel has enough; the poller tells when it takes more.
        private var isWaiting = false
        private var session: StreamSession?
        /// What ended the connection before there was a session to tell.
        private var earlyEnd: StreamCloseReason?
        private var isClosing = false
        private var isClosed = false

        /// 2 KiB, such as a response's head and the first frame: to copy so much costs less than to send it as two slices.
        private static let copiedBytes = 2 << 10
        /// 2 s: as long as an HTTP connection may linger.
        private static let closeTimeout = TimeAmount.seconds(2)

        /// - Returns: `nil` if the socket can't be watched; it is still open then.
        init?(_ socket: StreamSocket, poller: SocketPoller, closed: @escaping (SocketStream) -> Void) {
            self.socket = socket
            self.poller = poller
            self.closed = closed
            guard poller.add(socket.descriptor, of: self) else { return nil }
        }

        /// Opens the stream on the hub, once nobody else has the socket.
        func open(_ request: StreamRequest, on hub: Hub, head: ByteBuffer) {
            write(head)
            let session = hub.open(request, sink: self, on: poller.eventLoop)
            if let earlyEnd {
                session.sinkClosed(earlyEnd)
            } else if !isClosing {
                self.session = session
                // The head goes out at once, even where the relay takes its time to confirm.
                if first != nil { _ = flush() }
            }
        }

        // MARK: StreamSink

        func write(_ bytes: ByteBuffer) {
            guard !isClosed else { return }
            guard let waiting = first?.readableBytes else {
                first = bytes
                return
            }
            if more.isEmpty, waiting + bytes.readableBytes <= Self.copiedBytes {
                first?.writeImmutableBuffer(bytes)
            } else {
                more.append(bytes)
            }
        }

        func flush() -> Bool {
            guard !isWaiting, !isClosed else { return false }
            guard !send() else { return true }
            isWaiting = true
            poller.awaitMore(of: socket.descriptor, writing: true)
            return false
        }

        var pendingBytes: Int { more.reduce(first?.readableBytes ?? 0) { $0 + $1.readableBytes } }

        func close() {
            session = nil
            isClosing = true
            guard !flush() else { return abort() }
            // The last frame has this long to leave; a socket that takes nothing is then closed without it.
            poller.eventLoop.assumeIsolated().scheduleTask(in: Self.closeTimeout) { self.abort() }
        }

        /// - Returns: false if something is left.
        private func send() -> Bool {
            guard var bytes = first else { return true }
            guard more.isEmpty else { return sendSeveral() }
            bytes.moveReaderIndex(forwardBy: socket.offer(bytes))
            first = bytes.readableBytes == 0 ? nil : bytes
            return first == nil
        }

        private func sendSeveral() -> Bool {
            var left = ([first].compactMap(\.self) + more)[...]
            var takesMore = true
            while takesMore, !left.isEmpty {
                let slices = left.prefix(StreamSocket.slicesPerCall)
                var sent = socket.offer(slices)
                takesMore = sent == slices.reduce(0) { $0 + $1.readableBytes }
                while let slice = left.first, slice.readableBytes <= sent {
                    sent -= slice.readableBytes
                    left.removeFirst()
                }
                if !left.isEmpty { left[left.startIndex].moveReaderIndex(forwardBy: sent) }
            }
            first = left.first
            more = Array(left.dropFirst())
            return left.isEmpty
        }

        // MARK: What the socket says

        func isReady(for readiness: SocketPoller.Readiness) {
            guard !isClosed else { return }
            if readiness.isBroken { return fail() }
            if readiness.isReadable {
                switch socket.discard() {
                case .all: break
                case .some: poller.awaitMore(of: socket.descriptor, writing: isWaiting)
                case .ended: return end()
                case .failed: return fail()
                }
            }
            if readiness.isEnding { return end() }
            guard readiness.isWritable, isWaiting else { return }
            guard send() else { return poller.awaitMore(of: socket.descriptor, writing: true) }
            isWaiting = false
            if isClosing { abort() } else { session?.sinkDrained() }
        }

        /// The client has closed its end. The close itself is a good part of what a stream's end costs: it has its turn.
        private func end() {
            guard let session else { return abort(.client) }
            self.session = nil
            session.sinkClosed(.client) { self.abort() }
        }

        func fail() {
            let session = session
            abort(.error)
            session?.sinkClosed(.error)
        }

        /// Closes the socket.
        ///
        /// - Parameter reason: why, for a session that is still to come.
        func abort(_ reason: StreamCloseReason = .client) {
            guard !isClosed else { return }
            isClosed = true
            session = nil
            earlyEnd = reason
            first = nil
            more = []
            poller.remove(socket.descriptor)
            socket.close()
            closed(self)
        }
    }
#else
    import NIOCore
    import TributaryCore

    /// There is none.
    enum SocketStream {
        func open(_: StreamRequest, on _: Hub, head _: ByteBuffer) {}
    }
#endif
