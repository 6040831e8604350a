import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import TributaryCore
import TributaryProtocol

/// `serve --demo`: publishes a sample feed through the hub's relay, like any other publisher, until shutdown.
struct DemoFeed: Service {
    let hub: Hub
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await publish()
        }
    }

    private func publish() async throws {
        var script = DemoScript()
        var isFailing = false
        while !Task.isCancelled {
            let step = try script.next(at: Date())
            do {
                _ = try await hub.publish(step.event)
                isFailing = false
            } catch {
                // Once per outage: the relay itself says the rest.
                if !isFailing { logger.warning("the demo cannot publish", metadata: ["error": "\(error)"]) }
                isFailing = true
            }
            try? await Task.sleep(for: step.pause)
        }
    }
}
