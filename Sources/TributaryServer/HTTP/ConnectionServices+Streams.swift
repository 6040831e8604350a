import HTTPTypes
import NIOCore
import NIOHTTP1
import TributaryCore

extension ConnectionServices {
    /// Judges a request for a stream, and asks the hub for a place.
    ///
    /// - Parameters:
    ///   - eventLoop: the connection's; this is called there.
    ///   - done: called there as well, maybe before this returns: with what to open the stream with, or to withdraw, or with the problem
    ///     to answer.
    func admit(
        _ head: HTTPRequestHead, from peer: ConnectionPeer, on eventLoop: any EventLoop,
        _ done: @escaping (Result<StreamRequest, Problem>) -> Void
    ) {
        let credentials = Credentials(
            method: .get, target: head.uri, fields: HTTPFields(head), peer: peer.client(head.headers).text,
            isSecure: peer.isSecure, authority: head.headers.first(name: "host")
        )
        do throws(Problem) {
            if let request = try admission.judgeNow(credentials) { return takePlace(request, on: eventLoop, done) }
        } catch {
            return done(.failure(error))
        }
        eventLoop.makeFutureWithTask { [admission] in try await admission.judge(credentials).request }
            .assumeIsolated().whenComplete { judged in
                switch judged {
                case .success(let request): self.takePlace(request, on: eventLoop, done)
                case .failure(let error): done(.failure(Problem(error) ?? .internalError))
                }
            }
    }

    /// Opens a stream on a connection of HTTP/1, for which there is a place.
    ///
    /// - Parameters:
    ///   - origin: where the request's page comes from.
    ///   - handler: the first of those that had the connection before.
    ///   - leave: has them leave, where the channel stays.
    /// - Throws: `internal_error` where there is no such connection any more.
    func open(
        _ request: StreamRequest, from peer: ConnectionPeer, origin: String?, on context: ChannelHandlerContext,
        insteadOf handler: any ChannelHandler, leave: () -> Void
    ) throws(Problem) {
        let head = streamHead(origin: origin, isSecure: peer.isSecure)
        if !peer.isSecure, let stream = socketStream(insteadOf: context.channel) {
            return stream.open(request, on: hub, head: head)
        }
        let stream = StreamChannelHandler()
        try stream.takeOver(context, before: handler)
        leave()
        stream.open(request, on: hub, head: head)
    }

    /// What a stream's answer begins with.
    func streamHead(origin: String?, isSecure: Bool) -> ByteBuffer {
        StreamResponseHead.bytes(date: HTTPDate.now, and: browsers.fields(for: origin, isSecure: isSecure))
    }

    /// Takes a plain connection from its channel, which is closed; its socket is not.
    ///
    /// - Returns: `nil` where that can't be: the channel still has it.
    private func socketStream(insteadOf channel: any Channel) -> SocketStream? {
        #if os(Linux)
            guard let poller = sockets?.poller(of: channel.eventLoop), let socket = StreamSocket(of: channel) else {
                return nil
            }
            guard let stream = socketStream(on: socket, poller: poller) else {
                socket.close()
                return nil
            }
            connections.handOver(channel)
            channel.close(promise: nil)
            return stream
        #else
            return nil
        #endif
    }

    #if os(Linux)
        /// - Returns: `nil` where the socket can't be watched.
        func socketStream(on socket: StreamSocket, poller: SocketPoller) -> SocketStream? {
            let connections = connections
            return SocketStream(socket, poller: poller) { connections.leave(ObjectIdentifier($0)) }
        }
    #endif

    private func takePlace(
        _ request: StreamRequest, on eventLoop: any EventLoop,
        _ done: @escaping (Result<StreamRequest, Problem>) -> Void
    ) {
        hub.admit(request, on: eventLoop).hop(to: eventLoop).assumeIsolated().whenComplete { outcome in
            done(outcome.map { request }.mapError { Problem($0) ?? .internalError })
        }
    }
}
