import Foundation
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import TributaryCore
import TributaryProtocol

/// The workers of `serve --demo`: each job that somebody starts runs here, and tells of itself as a job of a real service would.
struct DemoJobs: Service {
    /// 8: more bars than a page shows; a flood of clicks publishes no more than these.
    static let workers = 8
    private static let tasks = ["export", "transcode", "index", "thumbnail"]

    private let hub: Hub
    private let logger: Logger
    private let requests: AsyncStream<DemoJob>
    private let continuation: AsyncStream<DemoJob>.Continuation
    private let state = NIOLockedValueBox((running: 0, started: 0))

    init(hub: Hub, logger: Logger) {
        self.hub = hub
        self.logger = logger
        (requests, continuation) = AsyncStream.makeStream()
    }

    /// - Returns: `false` if all workers work.
    func start(in project: ProjectID) -> Bool {
        let number = state.withLockedValue { state -> Int? in
            guard state.running < Self.workers else { return nil }
            state.running += 1
            state.started += 1
            return state.started
        }
        guard let number else { return false }
        // A restarted hub counts from one again; its jobs are others.
        let id = Identifier(stringLiteral: "demo-\(ProcessInfo.processInfo.processIdentifier)-\(number)")
        continuation.yield(DemoJob(id: id, task: Self.tasks[number % Self.tasks.count], project: project))
        return true
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await job in requests { group.addTask { await work(job) } }
            }
        }
    }

    private func work(_ job: DemoJob) async {
        defer { state.withLockedValue { $0.running -= 1 } }
        do {
            for number in 0...DemoJob.count {
                let step = try job.step(number, at: Date())
                try await Task.sleep(for: step.pause)
                _ = try await hub.publish(step.event)
            }
        } catch is CancellationError {
            // The hub shuts down; its readers see the bar stop.
        } catch {
            logger.warning("a job of the demo cannot publish", metadata: ["error": "\(error)"])
        }
    }
}
