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

    /// Takes a plain connection from its channel, which is closed; its socket is not.
    ///
    /// - Returns: `nil` where that can't be: the channel still has it.
    func socketStream(insteadOf channel: any Channel) -> SocketStream? {
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
