import Foundation
import NIOConcurrencyHelpers
import Testing

/// A run of the built command as a process of its own.
///
/// It writes into files: what it said is complete once it has ended, however many processes run beside it.
final class Command: Sendable {
    struct Output: Sendable {
        var standardOutput = ""
        var standardError = ""
        /// `nil` while it runs; negative for the signal that ended it.
        var exitCode: Int32?
    }

    /// Generous: a loaded machine is slow, and nothing here waits for the clock alone.
    static let deadline = Duration.seconds(60)

    private let folder: URL
    private let process = NIOLockedValueBox<Process?>(nil)
    private let exitCode = NIOLockedValueBox<Int32?>(nil)

    var output: Output {
        // The code first: what is read after it is whole.
        let code = exitCode.withLockedValue { $0 }
        return Output(standardOutput: text("out"), standardError: text("err"), exitCode: code)
    }

    /// Starts `tributary` with these arguments, without any `TRIBUTARY_` variable but those given.
    convenience init(_ arguments: String..., input: String = "", environment: [String: String] = [:]) throws {
        try self.init(arguments, input: input, environment: environment)
    }

    /// The same from a list of arguments.
    init(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "command-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, content) in [("in", input), ("out", ""), ("err", "")] {
            try content.write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
        }
        let process = Process()
        process.executableURL = Self.executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("TRIBUTARY_") }.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: folder.appending(path: "in"))
        process.standardOutput = try FileHandle(forWritingTo: folder.appending(path: "out"))
        process.standardError = try FileHandle(forWritingTo: folder.appending(path: "err"))
        process.terminationHandler = { [exitCode] process in
            let code = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
            exitCode.withLockedValue { $0 = code }
        }
        try process.run()
        self.process.withLockedValue { $0 = process }
    }

    deinit {
        // A failed test must leave nothing running.
        process.withLockedValue { process in
            if let process, process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
        try? FileManager.default.removeItem(at: folder)
    }

    private func text(_ name: String) -> String {
        // A character may be half written.
        (try? Data(contentsOf: folder.appending(path: name))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    func signal(_ signal: Int32) {
        process.withLockedValue { process in
            if let process { kill(process.processIdentifier, signal) }
        }
    }

    /// Waits until `condition` holds of what the command has said.
    func wait(
        until what: String, _ condition: (Output) -> Bool, location: SourceLocation = #_sourceLocation
    ) async throws {
        let clock = ContinuousClock()
        let end = clock.now + Self.deadline
        while !condition(output) {
            guard clock.now < end else {
                Issue.record("not within \(Self.deadline): \(what); it said: \(output)", sourceLocation: location)
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Waits for the end of the process.
    func exit(location: SourceLocation = #_sourceLocation) async throws -> Output {
        try await wait(until: "the command ends", { $0.exitCode != nil }, location: location)
        return output
    }

    /// Waits for the address that `serve` prints.
    func address(location: SourceLocation = #_sourceLocation) async throws -> String {
        try await wait(until: "it listens", { $0.standardOutput.contains(" publish ") }, location: location)
        let match = try #require(output.standardOutput.firstMatch(of: #/http://[0-9.]+:[0-9]+/#))
        return String(match.output)
    }

    /// The products' directory holds the test bundle and the command.
    private static let executable: URL = {
        let binary = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        for directory in [binary, Bundle.main.bundleURL, repository.appending(path: ".build/debug")] {
            let candidate = directory.appending(path: "tributary")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
        }
        return repository.appending(path: ".build/debug/tributary")
    }()
}
