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
    let logger: Logger

    /// What all answers tell browsers.
    var browsers: BrowserPolicy { admission.access.browsers }

    init(
        hub: Hub,
        admission: StreamAdmission,
        limits: HTTPLimits,
        port: ServerPort,
        connections: OpenConnections,
        requests: AsyncStream<APIRequest>.Continuation,
        logger: Logger
    ) {
        self.hub = hub
        self.admission = admission
        self.limits = limits
        self.port = port
        self.connections = connections
        self.requests = requests
        self.logger = logger
    }
}
