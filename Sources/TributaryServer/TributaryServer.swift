import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import TributaryCore

/// The hub's HTTP side: streams for subscribers, the API for everybody else, on one port.
///
/// Run it in a `ServiceGroup` behind the hub. On a graceful shutdown it stops accepting, `/readyz` turns to 503, the streams
/// are ended over the configured time, then the remaining connections; cancellation ends everything at once.
public struct TributaryServer: Service {
    private let configuration: ServerConfiguration
    private let hub: Hub
    private let logger: Logger
    private let services: ConnectionServices
    private let listener: HTTPListener
    private let requests: AsyncStream<APIRequest>
    private let responder: APIResponder
    private let eventLoop: any EventLoop

    /// - Parameter eventLoopGroup: its loops are the hub's.
    public init(
        configuration: ServerConfiguration, hub: Hub, eventLoopGroup: any EventLoopGroup, logger: Logger
    ) {
        self.configuration = configuration
        self.hub = hub
        self.logger = logger
        eventLoop = eventLoopGroup.next()
        let (requests, continuation) = AsyncStream<APIRequest>.makeStream()
        let admission = StreamAdmission(hub: hub, configuration: configuration)
        self.requests = requests
        services = ConnectionServices(
            hub: hub, admission: admission, limits: configuration.limits, requests: continuation, logger: logger
        )
        listener = HTTPListener(configuration: configuration, services: services, group: eventLoopGroup)
        responder = APIResponder(
            responder: APIRouter.tributary(
                hub: hub, admission: admission, access: Access(adminToken: configuration.adminToken)
            ).buildResponder(),
            logger: logger
        )
    }

    /// Begins to listen, if it does not yet; `run()` does so too. Requests are answered once `run()` has been called.
    ///
    /// - Returns: the address, with the port that the system chose where the configuration says 0.
    /// - Throws: ``ListenError``.
    @discardableResult
    public func bind() async throws -> SocketAddress {
        try await listener.bind()
    }

    /// Serves until the service group shuts down, or the task is cancelled.
    ///
    /// - Throws: ``ListenError``.
    public func run() async throws {
        let address = try await bind()
        logger.info("listening", metadata: ["address": "\(address)"])
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await shutDownWhenAsked() }
                for await request in requests { group.addTask { await responder.answer(request) } }
            }
        } onCancel: {
            listener.stopAcceptingNow()
            services.connections.abort()
            services.requests.finish()
        }
    }

    private func shutDownWhenAsked() async {
        // Throws when the task is cancelled.
        guard (try? await gracefulShutdown()) != nil else { return await hub.drain(over: .zero) }
        logger.info("draining", metadata: ["seconds": "\(configuration.drain.nanoseconds / 1_000_000_000)"])
        await listener.stopAccepting()
        await drainStreams()
        let connections = services.connections
        connections.quiesce()
        let abort = eventLoop.scheduleTask(in: configuration.limits.shutdownTimeout) { connections.abort() }
        await connections.untilEmpty()
        abort.cancel()
        services.requests.finish()
    }

    /// Ends the streams over the configured time; if the task is cancelled meanwhile, the rest of them at once.
    private func drainStreams() async {
        await withTaskGroup { group in
            group.addTask { await hub.drain(over: configuration.drain) }
            group.addTask {
                for await _ in AsyncStream<Never>.makeStream().stream {}
                await hub.drain(over: .zero)
            }
            await group.next()
            group.cancelAll()
        }
    }
}
