import CoreMetrics
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TributaryCore
import TributaryProtocol
import TributaryServer

/// The composition root: the only place that knows the hub, what it is made of, and the server.
struct HubProcess {
    let options: ServeOptions

    /// Serves until SIGTERM or SIGINT.
    ///
    /// - Throws: ``ConfigurationError``, `DataFileError` or `ListenError` for what cannot start. A Redis that does not
    ///   answer is no error.
    func run() async throws {
        let shutdown = await Shutdown()
        let catalog = try CatalogFile.read(options.catalog)
        try ServerConfiguration(options).validate()
        ProcessLimits.raiseOpenFiles()
        ProcessLimits.reserveOpenFiles()
        ProcessLimits.ignoreBrokenPipes()
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: options.threads)
        do {
            try await serve(catalog, on: threads, until: shutdown)
        } catch {
            try? await threads.shutdownGracefully()
            throw error
        }
        try? await threads.shutdownGracefully()
    }

    private func serve(
        _ catalog: Catalog, on threads: MultiThreadedEventLoopGroup, until shutdown: Shutdown
    ) async throws {
        let metrics = MetricsRegistry()
        // What libraries report goes where the hub's own figures are.
        MetricsSystem.bootstrap(metrics)
        let node = options.node ?? NodeName.random()
        let logger = Logger.standardError("tributary", level: options.logLevel, format: options.logFormat)
        let loops = (relay: threads.next(), log: threads.next(), coordination: threads.next())
        let medium = try EventMedium(options, catalog: catalog, node: node, on: loops, logger: logger)
        let hub = Hub(
            configuration: HubConfiguration(options, node: node),
            catalog: catalog,
            relay: medium.relay,
            log: medium.log,
            coordination: medium.coordination,
            eventLoops: Array(threads.makeIterator()),
            logger: logger
        )
        let jobs = options.demo ? DemoJobs(hub: hub, logger: logger) : nil
        let server = TributaryServer(
            configuration: ServerConfiguration(options), hub: hub, eventLoopGroup: threads, logger: logger,
            metrics: metrics,
            demo: jobs.map { Demo(files: DemoPage.files, startJob: $0.start) }
        )
        // Before anything runs: a port in use ends the process without a word of Redis.
        let address = try await server.bind()
        var greeting = Greeting(options: options, node: node, port: address.port ?? options.port)
        greeting.adminPort = server.adminAddress?.port
        // Whoever closed standard output wants a hub all the same.
        for line in greeting.lines { try? Console.line(line) }
        // The last to start is the first to stop: nothing is published while streams are sent away, and the relay
        // is there until the last of them has gone.
        var services: [any Service] = [hub, server]
        if let jobs { services += [DemoFeed(hub: hub, logger: logger), jobs] }
        try await shutdown.run(
            ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: logger)),
            reload: { server.reloadCertificate() }
        )
    }
}
