import CoreMetrics
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import TributaryCore

/// The hub's HTTP side: streams for subscribers, the API for everybody else, on one port or,
/// where operators have one of their own, on two.
///
/// Run it in a `ServiceGroup` behind the hub. On a graceful shutdown it stops accepting, `/readyz` turns to 503, the streams
/// are ended over the configured time, then the remaining connections; cancellation ends everything at once.
public struct TributaryServer: Service {
    private let configuration: ServerConfiguration
    private let hub: Hub
    private let logger: Logger
    private let services: ConnectionServices
    private let listener: HTTPListener
    /// `nil` where operators have no port of their own.
    private let adminListener: HTTPListener?
    private let certificate: ServerCertificate?
    private let requests: AsyncStream<APIRequest>
    private let responder: APIResponder
    private let eventLoopGroup: any EventLoopGroup
    /// How often the certificate was read again.
    private let reloads: (done: Counter, failed: Counter)

    /// - Parameters:
    ///   - eventLoopGroup: its loops are the hub's.
    ///   - metrics: what `/metrics` shows beside the hub's own figures.
    ///   - demo: what is served at `/demo`; without it nothing is there.
    public init(
        configuration: ServerConfiguration, hub: Hub, eventLoopGroup: any EventLoopGroup, logger: Logger,
        metrics: MetricsRegistry = MetricsRegistry(), demo: Demo? = nil
    ) {
        self.init(
            configuration: configuration, hub: hub, access: Access(configuration, catalog: hub.catalog, logger: logger),
            eventLoopGroup: eventLoopGroup, logger: logger, metrics: metrics, demo: demo
        )
    }

    /// The same with another judge than the configuration says.
    init(
        configuration: ServerConfiguration, hub: Hub, access: Access, eventLoopGroup: any EventLoopGroup,
        logger: Logger, metrics: MetricsRegistry = MetricsRegistry(), demo: Demo? = nil
    ) {
        self.configuration = configuration
        self.hub = hub
        self.logger = logger
        self.eventLoopGroup = eventLoopGroup
        func reloads(_ outcome: String) -> Counter {
            Counter(label: "tributary.certificate.reloads", dimensions: [("outcome", outcome)], factory: metrics)
        }
        self.reloads = (reloads("done"), reloads("failed"))
        let (requests, continuation) = AsyncStream<APIRequest>.makeStream()
        if let application = access.application { hub.whenRevoked { application.forget($0, in: $1) } }
        let admission = StreamAdmission(hub: hub, access: access, configuration: configuration)
        self.requests = requests
        let connections = OpenConnections(
            maximum: configuration.maximumConnections, maximumBodyBytes: configuration.limits.heldBodyBytes
        )
        let sockets = try? SocketWatch(eventLoopGroup.makeIterator())
        // A pair that is not one is told when it comes to listening.
        let certificate = try? configuration.certificate()
        self.certificate = certificate
        let limiter = PublishLimiter(configuration.publishing)
        let requestMetrics = RequestMetrics(metrics)
        let publisher = ImmediatePublisher(
            access: access, publisher: HTTPPublisher(hub: hub, limiter: limiter), metrics: requestMetrics,
            budget: TurnBudget(eventLoopGroup.makeIterator()))
        func services(_ port: ServerPort) -> ConnectionServices {
            ConnectionServices(
                hub: hub, admission: admission, limits: configuration.limits, port: port, connections: connections,
                requests: continuation, publisher: port == .main && hub.publishesAtOnce ? publisher : nil,
                sockets: sockets, logger: logger
            )
        }
        func setup(_ services: ConnectionServices) -> ConnectionSetup {
            ConnectionSetup(
                services: services, certificate: certificate,
                expectsProxyHeader: services.port == .main && configuration.transport.expectsProxyHeader,
                trustedProxies: configuration.transport.trustedProxies
            )
        }
        self.services = services(.main)
        listener = HTTPListener(
            hostname: configuration.hostname, port: configuration.port, setup: setup(self.services),
            group: eventLoopGroup
        )
        adminListener = configuration.transport.adminPort.map { port in
            HTTPListener(
                hostname: configuration.transport.adminHostname ?? configuration.hostname, port: port,
                setup: setup(services(.admin)), group: eventLoopGroup
            )
        }
        func responder(_ part: APIRoutes.Part) -> RouterResponder<APIContext> {
            APIRoutes(
                hub: hub, admission: admission, access: access, limiter: limiter, part: part, metrics: metrics,
                requests: requestMetrics, demo: demo
            ).router.buildResponder()
        }
        self.responder = APIResponder(
            main: responder(adminListener == nil ? .everything : .main),
            admin: adminListener == nil ? nil : responder(.admin), logger: logger
        )
    }

    /// Begins to listen, if it does not yet; `run()` does so too. Requests are answered once `run()` has been called.
    ///
    /// - Returns: the address, with the port that the system chose where the configuration says 0.
    /// - Throws: ``ListenError``.
    @discardableResult
    public func bind() async throws -> SocketAddress {
        // Both are known to be right before either is bound.
        let address = try configuration.resolve()
        let adminAddress = try configuration.resolveAdmin()
        // Also tells of one file without the other.
        if try configuration.certificate() != nil, listener.address == nil { try certificate?.load() }
        let bound = try await listener.bind(address)
        if let adminAddress { _ = try await adminListener?.bind(adminAddress) }
        return bound
    }

    /// Where the operators' port listens, once it does; `nil` where they have none of their own.
    public var adminAddress: SocketAddress? { adminListener?.address }

    /// Reads the certificate again, for connections that come from now on. If it cannot be used, the old one stays, and the log
    /// says why. Without TLS, nothing happens. Blocks for a moment.
    public func reloadCertificate() {
        guard let certificate else { return }
        do throws(ListenError) {
            try certificate.load()
            logger.notice("certificate reloaded")
            reloads.done.increment()
        } catch {
            reloads.failed.increment()
            logger.error("certificate not reloaded: the old one stays", metadata: ["error": "\(error)"])
        }
    }

    /// Serves until the service group shuts down, or the task is cancelled.
    ///
    /// - Throws: ``ListenError``.
    public func run() async throws {
        let address = try await bind()
        await paceStreams()
        services.sockets?.start()
        logger.info("listening", metadata: ["address": "\(address)"])
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await shutDownWhenAsked() }
                for await request in requests { group.addTask { await responder.answer(request) } }
            }
        } onCancel: {
            listener.stopAcceptingNow()
            adminListener?.stopAcceptingNow()
            services.connections.abort()
            services.requests.finish()
        }
        await services.sockets?.stop()
    }

    /// What streams cost when they come and go by the thousand is done in between the loops' looks at their sockets.
    private func paceStreams() async {
        for eventLoop in eventLoopGroup.makeIterator() {
            do {
                let bell = try await LoopBell.hang(on: eventLoop)
                hub.pace(bell, on: eventLoop)
                services.sockets?.pace(bell, on: eventLoop)
            } catch {
                // The hub makes pauses instead.
                logger.warning("streams that come together may delay the others", metadata: ["error": "\(error)"])
            }
        }
    }

    private func shutDownWhenAsked() async {
        // Throws when the task is cancelled.
        guard (try? await gracefulShutdown()) != nil else { return await hub.drain(over: .zero) }
        logger.info("draining", metadata: ["seconds": "\(configuration.drain.nanoseconds / 1_000_000_000)"])
        await listener.stopAccepting()
        await adminListener?.stopAccepting()
        let connections = services.connections
        connections.announceDrain()
        await drainStreams()
        connections.quiesce()
        let abort = eventLoopGroup.next().scheduleTask(in: configuration.limits.shutdownTimeout) { connections.abort() }
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
