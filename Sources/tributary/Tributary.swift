import ArgumentParser
import Foundation
import TributaryProtocol

/// The command: `serve`, `publish`, `listen`, `token`, `bench`.
@main
struct Tributary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary",
        abstract: "Many channels, one stream: a hub for Server-Sent Events.",
        discussion: """
            Start a hub, listen to it, publish into it:

              tributary serve
              tributary listen --channels chat,jobs
              tributary publish chat message.new '{"text":"hello"}'

            Measure it, or any other server of event streams, on this machine:

              tributary bench fanout
            """,
        version: version,
        subcommands: [Serve.self, Publish.self, Listen.self, Token.self, Bench.self, BenchLaunch.self, BenchHold.self]
    )

    /// The version of the hub and of this command.
    static let version = "0.1.0"

    /// Every failure is one line on standard error: 64 for a command or configuration that cannot be used, else 1.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            fail(error)
        }
    }

    private static func fail(_ error: any Error) -> Never {
        let parserCode = exitCode(for: error)
        // Help, the version and an exit that a command asked for are ArgumentParser's to print.
        if parserCode.isSuccess || error is ExitCode { exit(withError: error) }
        let isUsage =
            parserCode == .validationFailure || error is ConfigurationError || error is UsageError
            || error is InvalidName
        let text =
            parserCode == .validationFailure
            ? "\(message(for: error)) (see `tributary --help`)" : String(describing: error)
        Console.error("tributary: " + text.split(whereSeparator: \.isNewline).joined(separator: " "))
        Foundation.exit(isUsage ? ExitCode.validationFailure.rawValue : ExitCode.failure.rawValue)
    }
}
