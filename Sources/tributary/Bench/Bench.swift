import ArgumentParser
import Foundation
import TributaryBench
import UnixSignals

extension Scenario: ExpressibleByArgument {}
extension BenchPlan.Relay: ExpressibleByArgument {}
extension PublishSpecification.Way: ExpressibleByArgument {}

/// `tributary bench`: measures a hub, or any other server of event streams.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a hub, or any other server of event streams.",
        discussion: """
            Starts a hub of its own, pinned to one core, and loads it from another:

              tributary bench fanout
              tributary bench latency --runs 5 --json > latency.json

            Or loads what is there. {stream} {n} {user} {project} {channels} {last_id} in the URL are filled in for each stream:

              tributary bench fanout --url 'http://127.0.0.1:8080/stream?channels=chat&project_id={project}&user_id={user}' \\
                --publish redis --redis redis://127.0.0.1:6379 --redis-channel 'chat:{project}' --server-pid 4711

            Each stream checks that it gets every message once and in order. Exit code 0 says that it was measured, not that \
            nothing was lost: see the figures.
            """
    )

    @Argument(
        help: ArgumentHelp(
            """
            fanout: deliveries a second of one project. latency: at a steady rate. channels: a project for each stream. mixed: \
            five channels, some readers slow. idle: memory of a stream. ramp: streams opened a second. reconnect: all streams \
            come back at once. replay: streams that missed something. million: a million streams. ceiling: what the \
            generator itself can take.
            """, valueName: "scenario"))
    var scenario: Scenario

    @OptionGroup(title: "How hard")
    var load: BenchLoadOptions

    @OptionGroup(title: "Whom")
    var server: BenchServerOptions

    @OptionGroup(title: "Publishing to a server that is there")
    var publishing: BenchPublishOptions

    @Flag(help: "Print one JSON object in place of the table.")
    var json = false

    @Flag(help: "Say nothing about the progress on standard error.")
    var quiet = false

    func run() async throws {
        ProcessLimits.raiseOpenFiles()
        ProcessLimits.reserveOpenFiles()
        ProcessLimits.ignoreBrokenPipes()
        let result = try await measure(plan())
        if json {
            try Console.line(result.json())
        } else {
            for line in result.table { try Console.line(line) }
        }
    }

    /// - Throws: ``UsageError`` for options that do not go together.
    func plan() throws -> BenchPlan {
        var plan = BenchPlan(scenario)
        do {
            try load.apply(to: &plan)
            try server.apply(to: &plan)
            try publishing.apply(to: &plan)
            try plan.check()
        } catch let error as BenchError {
            throw UsageError(error.description)
        }
        plan.version = Tributary.version
        plan.command = Self.recorded(CommandLine.arguments)
        return plan
    }

    /// The command line without what may be secret.
    static func recorded(_ arguments: [String]) -> String {
        let secret = ["--header", "--publish-header", "--redis"]
        var words = ["tributary"]
        var hides = false
        for argument in arguments.dropFirst() {
            let name = argument.prefix { $0 != "=" }
            let shown =
                hides
                ? "…"
                : argument.contains("=") && secret.contains(String(name))
                    ? "\(name)=…" : argument.replacing(#/token=[^&]*/#, with: "token=…")
            words.append(shown.contains { " '\"{}&$?".contains($0) } ? "'\(shown)'" : shown)
            hides = secret.contains(argument)
        }
        return words.joined(separator: " ")
    }

    private func measure(_ plan: BenchPlan) async throws -> BenchResult {
        let interruption = Interruption()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let quiet = quiet
        let watch = Task {
            for await _ in signals { interruption.request() }
        }
        defer { watch.cancel() }
        let bench = TributaryBench.Bench(plan, interruption: interruption) { line in
            if !quiet { Console.error(line) }
        }
        do {
            // A thread of its own: it is pinned, it blocks, and what it starts ends with it.
            return try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(with: Result { try bench.run() })
                }
            }
        } catch let error as BenchError {
            throw CommandFailure(error.description)
        }
    }
}
