import CLinux
import Foundation
import Glibc

/// A process that the bench starts and ends. What it prints goes into a file.
///
/// Lives on the bench's thread: the kernel ends the child when that thread is gone.
final class ChildProcess {
    let process: Int32
    /// Write here to tell it something; closing it is telling as well. -1 if it has no input.
    private(set) var input: Int32 = -1
    private let log: String
    private var hasEnded = false

    /// - Parameters:
    ///   - command: the executable, searched for in PATH if it has no slash, and its arguments.
    ///   - cores: where it may run, before its first instruction.
    ///   - folder: a folder for what it prints.
    /// - Throws: ``BenchError`` if it cannot be started.
    init(_ command: [String], on cores: Cores, folder: String, hasInput: Bool = false) throws {
        log = "\(folder)/\(UUID().uuidString).log"
        let launcher = [Self.ownExecutable, "bench-launch", "--cpus", cores.description, "--"] + command
        var pipe: [Int32] = [-1, -1]
        if hasInput {
            guard Glibc.pipe(&pipe) == 0 else { throw BenchError.system("pipe", errno) }
            for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if hasInput {
            posix_spawn_file_actions_adddup2(&actions, pipe[0], 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Signals that the bench waits for itself are its children's as they always are.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGTERM, SIGINT, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        // A hub of the bench is not configured by who calls the bench.
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TRIBUTARY_") }
        var started: pid_t = 0
        let code = Self.withCStrings(launcher) { arguments in
            Self.withCStrings(environment.map { "\($0)=\($1)" }) { variables in
                posix_spawn(&started, Self.ownExecutable, &actions, &attributes, arguments, variables)
            }
        }
        process = started
        if hasInput {
            close(pipe[0])
            input = pipe[1]
        }
        guard code == 0 else { throw BenchError.system(command.first ?? "", code) }
    }

    deinit {
        stop()
    }

    /// What it has printed so far.
    var printed: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// The last whole line of it.
    var lastLine: String {
        guard let file = FileHandle(forReadingAtPath: log), let end = try? file.seekToEnd() else { return "" }
        try? file.seek(toOffset: end > 2_048 ? end - 2_048 : 0)
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        guard let newline = text.lastIndex(of: "\n") else { return "" }
        return text[..<newline].split(separator: "\n").last.map { String($0) } ?? ""
    }

    var isRunning: Bool {
        guard !hasEnded else { return false }
        var status: Int32 = 0
        hasEnded = waitpid(process, &status, WNOHANG) == process
        return !hasEnded
    }

    /// Waits until `condition` gives a value.
    ///
    /// - Throws: ``BenchError`` with what it printed last, if it ends or takes longer than 15 s.
    @discardableResult
    func wait<Value>(until what: String, _ condition: (ChildProcess) throws -> Value?) throws -> Value {
        let deadline = Clock.now + 15_000_000_000
        while true {
            // The end first: what is printed before it counts.
            let isRunning = isRunning
            if let value = try condition(self) { return value }
            guard isRunning, Clock.now < deadline else {
                let last = printed.split(separator: "\n").last.map { ": \($0)" } ?? ""
                throw BenchError("\(what): \(isRunning ? "not within 15 s" : "the process ended")\(last)")
            }
            usleep(2_000)
        }
    }

    /// Ends it, politely at first, and waits for its end.
    func stop() {
        if input >= 0 { close(input) }
        input = -1
        guard isRunning else { return }
        kill(process, SIGTERM)
        let deadline = Clock.now + 5_000_000_000
        while isRunning {
            if Clock.now > deadline { kill(process, SIGKILL) }
            usleep(2_000)
        }
    }

    static let ownExecutable =
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]

    static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = strings.map { strdup($0) as UnsafeMutablePointer<CChar>? } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(&pointers)
    }
}

/// What a child is before it is what it was started for.
public enum Launcher {
    /// Pins this process, has the kernel end it with its parent, and becomes the command.
    ///
    /// - Throws: ``BenchError`` if there is no such command.
    public static func become(_ command: [String], on cores: Cores) throws -> Never {
        cores.pin()
        let parent = getppid()
        _ = linux_signal_with_parent(SIGKILL)
        if getppid() != parent { exit(1) }
        _ = ChildProcess.withCStrings(command) { arguments in arguments[0].map { execvp($0, arguments) } }
        throw BenchError.system(command.first ?? "", errno)
    }
}
