import ArgumentParser
import TributaryBench

/// Holds streams for a bench that needs many processes; not for people.
struct BenchHold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench-hold", shouldDisplay: false)

    @Argument var order: String

    func run() async throws {
        ProcessLimits.raiseOpenFiles()
        ProcessLimits.ignoreBrokenPipes()
        do {
            try StreamHolder(json: order).run(Interruption())
        } catch let error as BenchError {
            throw CommandFailure(error.description)
        }
    }
}

/// What a child process is before it is what it was started for; not for people.
struct BenchLaunch: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench-launch", shouldDisplay: false)

    @Option var cpus: String
    @Argument(parsing: .captureForPassthrough) var command: [String]

    func run() throws {
        do {
            try Launcher.become(command.filter { $0 != "--" }, on: Cores(cpus, option: "--cpus"))
        } catch let error as BenchError {
            throw CommandFailure(error.description)
        }
    }
}
