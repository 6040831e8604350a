import Foundation
import NIOConcurrencyHelpers

/// A process of the test's own, started with no signal blocked.
///
/// Threads of Swift's and Foundation's pools block signals, and a child inherits that: `Process` starts shells whose `wait`
/// never returns, and servers that ignore `SIGTERM`.
public struct ChildProcess: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public let pid: pid_t
    /// Its standard input; the process reads its end when this is closed, also by the test's death.
    public let input: FileHandle
    /// Its standard output and standard error.
    public let output: FileHandle

    /// - Parameter arguments: the command, looked up in the `PATH`, and its arguments.
    public init(_ arguments: [String]) throws {
        Self.spawning.lock()
        defer { Self.spawning.unlock() }
        let input = try Self.pipe()
        let output = try Self.pipe()
        defer {
            close(input.read)
            close(output.write)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.read, 0)
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        posix_spawn_file_actions_adddup2(&actions, output.write, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        let error = posix_spawnp(&pid, arguments.first ?? "", &actions, &attributes, &argv, environ)
        guard error == 0 else {
            close(input.write)
            close(output.read)
            throw Failure(
                description: "cannot start \(arguments.first ?? "nothing"): \(String(cString: strerror(error)))")
        }
        self.pid = pid
        self.input = FileHandle(fileDescriptor: input.write, closeOnDealloc: true)
        self.output = FileHandle(fileDescriptor: output.read, closeOnDealloc: true)
    }

    /// Blocks until it has ended.
    ///
    /// - Returns: the exit code, or 128 and the signal's number, as a shell has it.
    @discardableResult
    public func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { return -1 }
        }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    /// Runs a command to its end, without input.
    ///
    /// - Returns: what it printed.
    /// - Throws: ``Failure`` with what it printed, if its exit code is not 0.
    @discardableResult
    public static func run(_ arguments: [String]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            // Not on a thread of the tests' own pool: reading blocks.
            Thread.detachNewThread {
                continuation.resume(with: Result { try runBlocking(arguments) })
            }
        }
    }

    private static func runBlocking(_ arguments: [String]) throws -> String {
        let process = try ChildProcess(arguments)
        try process.input.close()
        let text = String(decoding: process.output.readDataToEndOfFile(), as: UTF8.self)
        let code = process.wait()
        guard code == 0 else { throw Failure(description: "\(arguments.first ?? ""), exit code \(code): \(text)") }
        return text
    }

    /// Held from a pipe's making to the start of its process: in between, another child could inherit its ends.
    private static let spawning = NIOLock()

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else { throw Failure(description: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
