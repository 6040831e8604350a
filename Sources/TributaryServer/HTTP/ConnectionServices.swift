import Logging
import NIOCore
import TributaryCore

/// What all connections to a port share.
final class ConnectionServices: Sendable {
    let hub: Hub
    let admission: StreamAdmission
    let limits: HTTPLimits
    let port: ServerPort
    /// Of all ports.
    let connections: OpenConnections
    /// Takes complete requests to the router.
    let requests: AsyncStream<APIRequest>.Continuation
    /// Answers some requests before they get there; `nil` on a port that has none of those, and where somebody has to be waited for.
    let publisher: ImmediatePublisher?
    let logger: Logger
    /// What watches the sockets of streams; `nil` where there is none, so that they keep their channels.
    let sockets: SocketWatch?

    /// What all answers tell browsers.
    var browsers: BrowserPolicy { admission.access.browsers }

    init(
        hub: Hub,
        admission: StreamAdmission,
        limits: HTTPLimits,
        port: ServerPort,
        connections: OpenConnections,
        requests: AsyncStream<APIRequest>.Continuation,
        publisher: ImmediatePublisher?,
        sockets: SocketWatch?,
        logger: Logger
    ) {
        self.hub = hub
        self.admission = admission
        self.limits = limits
        self.port = port
        self.connections = connections
        self.requests = requests
        self.publisher = publisher
        self.sockets = sockets
        self.logger = logger
    }

    /// Takes in a connection that has something to say before it speaks HTTP. On its event loop.
    ///
    /// - Returns: what closes it after the time for a head, to be cancelled when it speaks HTTP; `nil` if the shutdown has begun,
    ///   and with it the connection's end.
    func takeIn(_ channel: any Channel) -> Scheduled<Void>? {
        guard connections.insert(channel) else {
            channel.close(promise: nil)
            return nil
        }
        connections.wait(channel)
        return channel.eventLoop.scheduleTask(in: limits.headTimeout) { channel.close(promise: nil) }
    }
}
