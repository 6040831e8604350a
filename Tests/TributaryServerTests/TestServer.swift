import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import TributaryCore
import TributaryProtocol
import TributaryTesting

@testable import TributaryServer

/// A hub with a memory relay behind a server on a free port, for the time of a test.
struct TestServer: Sendable {
    let address: SocketAddress
    let hub: Hub
    let services: ServiceGroup
    let relay: SwitchableRelay
    let server: TributaryServer

    /// Two loops, so that what crosses between loops is tested too.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    private static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    /// With times that even a machine busy with other tests keeps; tests of time-outs bring their own.
    static var patient: ServerConfiguration {
        var configuration = ServerConfiguration(port: 0, drain: .milliseconds(200))
        configuration.limits.headTimeout = RawClient.patience
        configuration.limits.bodyTimeout = RawClient.patience
        configuration.limits.idleTimeout = RawClient.patience
        configuration.limits.shutdownTimeout = RawClient.patience
        return configuration
    }

    static func run(
        _ configuration: ServerConfiguration = patient,
        hub change: (inout HubConfiguration) -> Void = { _ in },
        coordination wrap: (MemoryCoordination) -> any Coordination = { $0 },
        access judge: (Access) -> Access = { $0 },
        logger: Logger? = nil,
        demo: Demo? = nil,
        _ test: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let logger = logger ?? quiet
        let loops = Array(group.makeIterator())
        let relay = SwitchableRelay(MemoryRelay(eventLoop: loops[0]))
        let catalog = try Catalog.bundled()
        let log = MemoryEventLog(catalog: catalog, eventLoop: loops[0], marksLapses: false) {
            try relay.send($0, to: $1)
        }
        var hubConfiguration = HubConfiguration(node: "test", version: "0")
        change(&hubConfiguration)
        let hub = Hub(
            configuration: hubConfiguration, catalog: catalog, relay: relay, log: log,
            coordination: wrap(MemoryCoordination(eventLoop: loops[0]) { try? relay.send($0, to: $1) }),
            eventLoops: loops, logger: logger
        )
        let server = TributaryServer(
            configuration: configuration, hub: hub,
            access: judge(Access(configuration, catalog: catalog, logger: logger)), eventLoopGroup: group,
            logger: logger, demo: demo
        )
        let address = try await server.bind()
        let services = ServiceGroup(services: [hub, server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            do {
                try await test(
                    TestServer(address: address, hub: hub, services: services, relay: relay, server: server)
                )
            } catch {
                tasks.cancelAll()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func connect(sending first: String = "") async throws -> RawClient {
        try await RawClient.connect(to: address, sending: first)
    }

    /// Sends one request on a connection of its own and returns all that came back.
    func exchange(_ request: String) async throws -> String {
        let client = try await connect(sending: request)
        let answer = try await client.receiveAll()
        await client.close()
        return answer
    }

    /// The answer to a request without a body.
    func get(_ target: String, method: String = "GET") async throws -> Answer {
        try Answer(
            await exchange("\(method) \(target) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        )
    }

    func publish(_ body: String) async throws -> Answer {
        try await send("POST", "/publish", body)
    }

    /// The answer to a request with a body, from an operator if there is a token.
    func send(_ method: String, _ target: String, _ body: String = "", token: String? = nil) async throws -> Answer {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        return try Answer(
            await exchange(
                "\(method) \(target) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(authorization)"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        )
    }

    /// Opens a stream and waits for its first frame.
    func stream(_ query: String = "", token: String? = nil) async throws -> RawClient {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let client = try await connect(
            sending: "GET /stream?\(query) HTTP/1.1\r\nHost: test\r\n\(authorization)\r\n"
        )
        try await client.events(count: 1)
        return client
    }

    /// Waits until the hub's figures satisfy `condition`.
    @discardableResult
    func figures(
        _ project: ProjectID? = nil, where condition: (HubStatistics) -> Bool
    ) async throws -> HubStatistics {
        let deadline = NIODeadline.now() + RawClient.patience
        var figures = await hub.statistics(project: project)
        while !condition(figures) {
            guard NIODeadline.now() < deadline else { throw NeverHappened(figures: figures) }
            await Task.yield()
            figures = await hub.statistics(project: project)
        }
        return figures
    }

    struct NeverHappened: Error {
        let figures: HubStatistics
    }
}

/// One HTTP answer, taken apart.
struct Answer {
    let status: Int
    let head: String
    let body: String

    struct Malformed: Error {
        let text: String
    }

    init(_ text: String) throws {
        guard let end = text.range(of: "\r\n\r\n"), text.hasPrefix("HTTP/1.1 "),
            let status = Int(text.dropFirst(9).prefix(3))
        else { throw Malformed(text: text) }
        self.status = status
        head = String(text[..<end.lowerBound])
        body = String(text[end.upperBound...])
    }

    func field(_ name: String) -> String? {
        let prefix = name.lowercased() + ": "
        return head.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix(prefix) }.map {
            String($0.dropFirst(prefix.count))
        }
    }

    /// The body as a JSON object.
    var object: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
    }

    /// The code of a problem.
    var error: String? { object["error"] as? String }
}
