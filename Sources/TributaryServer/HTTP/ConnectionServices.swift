import Logging
import NIOCore
import TributaryCore

/// What all connections of a server share.
final class ConnectionServices: Sendable {
    let hub: Hub
    let admission: StreamAdmission
    let limits: HTTPLimits
    let connections = OpenConnections()
    /// Takes complete requests to the router.
    let requests: AsyncStream<APIRequest>.Continuation
    let logger: Logger

    init(
        hub: Hub,
        admission: StreamAdmission,
        limits: HTTPLimits,
        requests: AsyncStream<APIRequest>.Continuation,
        logger: Logger
    ) {
        self.hub = hub
        self.admission = admission
        self.limits = limits
        self.requests = requests
        self.logger = logger
    }
}
