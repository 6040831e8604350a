#if os(Linux)
    import Glibc
    import NIOCore
    import NIOHTTP1
    import NIOPosix
    import TributaryCore

    /// What becomes of connections that were just accepted. Where a request for a stream has come with the connection, that is all that
    /// is read of it, and a stream takes its socket; everything else gets a channel, and what has been read so far.
    ///
    /// Streams are most of what the hub's connections are for: they need no channel. Each call on its poller's event loop.
    struct Arrivals: Sendable {
        let setup: ConnectionSetup

        var connections: OpenConnections { services.connections }

        private var services: ConnectionServices { setup.services }

        /// What a connection began with.
        private enum Beginning {
            case streamRequest(HTTPRequestHead)
            case bytes(ByteBuffer)
            case nothingYet
            case end
        }

        /// Takes a socket that ``OpenConnections`` counts already.
        func take(_ socket: CInt, from address: IPAddress?, _ poller: SocketPoller) {
            let peer = ConnectionPeer(address: address, trustedProxies: setup.trustedProxies)
            switch beginning(of: socket) {
            case .streamRequest(let head): decide(head, socket, peer, poller)
            case .bytes(let bytes): meet(socket, peer, poller, bytes)
            case .nothingYet: meet(socket, peer, poller, nil)
            case .end: close(socket)
            }
        }

        private func beginning(of socket: CInt) -> Beginning {
            let limit = min(StreamDoor.byteLimit, services.limits.headBytes)
            return withUnsafeTemporaryAllocation(byteCount: limit, alignment: 1) { room in
                let count = recv(socket, room.baseAddress, room.count, CInt(MSG_DONTWAIT))
                guard count > 0 else { return count < 0 && errno == EAGAIN ? .nothingYet : .end }
                let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
                if case .complete(let head) = HTTPRequestHead.plainStreamRequest(bytes, limit: limit) {
                    return .streamRequest(head)
                }
                return .bytes(ByteBuffer(bytes: bytes))
            }
        }

        private func decide(_ head: HTTPRequestHead, _ socket: CInt, _ peer: ConnectionPeer, _ poller: SocketPoller) {
            guard connections.arrive() else { return close(socket) }
            services.admit(head, from: peer, on: poller.eventLoop) { outcome in
                switch outcome {
                case .success(let request): open(request, origin: head.origin, socket, poller)
                case .failure(let problem): refuse(head, problem, socket, peer, poller)
                }
            }
        }

        private func open(_ request: StreamRequest, origin: String?, _ socket: CInt, _ poller: SocketPoller) {
            connections.settle(nil)
            let socket = StreamSocket(descriptor: socket)
            // Who has left meanwhile takes no place. As with channels: a stream would not notice that its client has half-closed.
            guard !socket.hasEnded, let stream = services.socketStream(on: socket, poller: poller) else {
                services.hub.withdraw(request)
                return close(socket.descriptor)
            }
            stream.open(request, on: services.hub, head: services.streamHead(origin: origin, isSecure: false))
        }

        private func close(_ socket: CInt) {
            Glibc.close(socket)
            connections.leave(nil)
        }

        // MARK: Channels

        private func meet(_ socket: CInt, _ peer: ConnectionPeer, _ poller: SocketPoller, _ bytes: ByteBuffer?) {
            makeChannel(of: socket, poller) { channel in
                try setup.addHTTP1(to: channel, peer)
            } then: { made in
                guard case .success(let (channel, _)) = made, let bytes else { return }
                channel.pipeline.syncOperations.fireChannelRead(NIOAny(bytes))
                channel.pipeline.syncOperations.fireChannelReadComplete()
            }
        }

        private func refuse(
            _ head: HTTPRequestHead, _ problem: Problem, _ socket: CInt, _ peer: ConnectionPeer, _ poller: SocketPoller
        ) {
            makeChannel(of: socket, poller) { channel in
                try setup.addParser(to: channel, peer, isKept: true)
            } then: { made in
                guard case .success(let (channel, gate)) = made, channel.isActive else {
                    connections.settle(nil)
                    return
                }
                let isLast = connections.settle(channel)
                gate.answer(head, with: problem, isInputClosed: false, isQuiescing: isLast)
            }
        }

        /// Gives a socket a channel. All is done when this returns; the channel reads after that.
        ///
        /// - Parameters:
        ///   - addHandlers: called at most once.
        ///   - then: called once, with what that returned.
        private func makeChannel<Handlers>(
            of socket: CInt, _ poller: SocketPoller, addHandlers: @escaping (any Channel) throws -> Handlers,
            then: @escaping (Result<(any Channel, Handlers), any Error>) -> Void
        ) {
            let connections = connections
            let addHandlers = NIOLoopBound(addHandlers, eventLoop: poller.eventLoop)
            let handlers = NIOLoopBoundBox<Handlers?>(nil, eventLoop: poller.eventLoop)
            let isCounted = NIOLoopBoundBox(false, eventLoop: poller.eventLoop)
            let made = ClientBootstrap(group: poller.eventLoop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        isCounted.value = true
                        connections.leave(with: channel)
                        try channel.syncOptions?.becomeConnection()
                        handlers.value = try addHandlers.value(channel)
                    }
                }
                .withConnectedSocket(socket)
            made.assumeIsolated().whenComplete { result in
                if !isCounted.value { close(socket) }
                then(
                    result.flatMap { channel in
                        handlers.value.map { .success((channel, $0)) } ?? .failure(ChannelError.ioOnClosedChannel)
                    })
            }
        }
    }
#endif
