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
        let fields = browsers.fields(for: origin, isSecure: peer.isSecure)
        let head = StreamResponseHead.bytes(date: HTTPDate.now, and: fields)
        if !peer.isSecure, let stream = socketStream(insteadOf: context.channel) {
            return stream.open(request, on: hub, head: head)
        }
        let stream = StreamChannelHandler()
        try stream.takeOver(context, before: handler)
        leave()
        stream.open(request, on: hub, head: head)
    }

    /// Takes a plain connection from its channel, which is closed; its socket is not.
    ///
    /// - Returns: `nil` where that can't be: the channel still has it.
    private func socketStream(insteadOf channel: any Channel) -> SocketStream? {
        #if os(Linux)
            guard let poller = sockets?.poller(of: channel.eventLoop), let socket = StreamSocket(of: channel) else {
                return nil
            }
            let connections = connections
            let stream = SocketStream(socket, poller: poller) { connections.leave(ObjectIdentifier($0)) }
            guard let stream else {
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

    private func takePlace(
        _ request: StreamRequest, on eventLoop: any EventLoop,
        _ done: @escaping (Result<StreamRequest, Problem>) -> Void
    ) {
        hub.admit(request, on: eventLoop).hop(to: eventLoop).assumeIsolated().whenComplete { outcome in
            done(outcome.map { request }.mapError { Problem($0) ?? .internalError })
        }
    }
}
