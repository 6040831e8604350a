import ArgumentParser
import Foundation

/// `tributary serve`: runs a hub until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a hub.",
        discussion: """
            Each option is also an environment variable, and a key in the file that --config names (JSON, the option's \
            name without the dashes). The command line wins over the environment, the environment over the file. Unknown \
            names are errors in all three.

            SIGTERM and SIGINT drain: streams are told to come back, then the hub ends with 0. A second signal ends it \
            at once. SIGHUP reads the certificate again.
            """
    )

    @Option(help: ArgumentHelp("Configuration file (JSON). (\(ServeOptions.configVariable))", valueName: "FILE"))
    var config: String?

    @OptionGroup(title: "Settings")
    var settings: SettingArguments

    func run() async throws {
        let options = try ServeOptions(
            arguments: settings.values,
            environment: ProcessInfo.processInfo.environment,
            configPath: config
        )
        try await HubProcess(options: options).run()
    }
}
