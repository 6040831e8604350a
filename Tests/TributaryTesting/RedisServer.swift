import Foundation
import NIOConcurrencyHelpers

/// A real `redis-server` of the test's own: on a free port of 127.0.0.1 and a Unix socket, in a folder of its own, without
/// persistence unless asked for.
///
/// It never outlives the test process: a shell holds it, and kills it when the pipe from the test process ends, however
/// that happens. (`PR_SET_PDEATHSIG` would not do: it follows the *thread* that started the process.)
public final class RedisServer: Sendable {
    public struct Options: Sendable {
        /// Lines for `redis.conf`, such as `user app on >secret ~* &chat:* +@all`.
        public var configuration: [String] = []
        /// PEM files: then the port speaks TLS only.
        public var tls: (certificate: String, key: String)?
        /// A sentinel in place of a server with data.
        public var isSentinel: Bool
        /// A member of a cluster.
        public var isClustered: Bool

        public init(
            configuration: [String] = [], tls: (certificate: String, key: String)? = nil, isSentinel: Bool = false,
            isClustered: Bool = false
        ) {
            self.configuration = configuration
            self.tls = tls
            self.isSentinel = isSentinel
            self.isClustered = isClustered
        }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private struct Running {
        let keeper: ChildProcess
        let pid: pid_t
    }

    public let port: Int
    /// Where the other members of its cluster speak to it, if it is in one.
    public let busPort: Int?
    /// Empty at first, removed at the end; for the certificates and files of a test too.
    public let folder: URL
    private let options: Options
    private let running = NIOLockedValueBox<Running?>(nil)

    /// `redis://127.0.0.1:<port>`, or `rediss://`.
    public var url: String { "\(options.tls == nil ? "redis" : "rediss")://127.0.0.1:\(port)" }
    public var socketPath: String { folder.appendingPathComponent("s").path }

    private init(folder: URL, options: Options) throws {
        port = try Self.freePort()
        busPort = options.isClustered ? try Self.freePort() : nil
        self.folder = folder
        self.options = options
    }

    /// Runs `body` with a server that answers; afterwards nothing is left of it.
    @discardableResult
    public static func withServer<Value>(
        _ options: Options = Options(),
        _ body: (RedisServer) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "redis-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try await started(in: folder, options: options)
        defer { server.kill() }
        return try await body(server)
    }

    /// Runs `body` with `count` servers, one started after the other.
    ///
    /// - Parameter options: for the next server, given those that run.
    @discardableResult
    public static func withServers<Value>(
        _ count: Int,
        options: ([RedisServer]) -> Options,
        _ body: ([RedisServer]) async throws -> Value
    ) async throws -> Value {
        try await withServers(count, running: [], options: options, body)
    }

    private static func withServers<Value>(
        _ count: Int, running: [RedisServer], options: ([RedisServer]) -> Options,
        _ body: ([RedisServer]) async throws -> Value
    ) async throws -> Value {
        guard running.count < count else { return try await body(running) }
        return try await withServer(options(running)) { server in
            try await withServers(count, running: running + [server], options: options, body)
        }
    }

    /// A free port may be taken by somebody else before Redis binds it: then others are tried.
    private static func started(in folder: URL, options: Options) async throws -> RedisServer {
        var attempt = 1
        while true {
            let server = try RedisServer(folder: folder, options: options)
            do {
                try await server.start()
                return server
            } catch  where attempt < 5 {
                attempt += 1
            }
        }
    }

    /// Starts it again on the same port, after ``kill()``. Returns when it accepts connections.
    public func start() async throws {
        let log = folder.appendingPathComponent("log")
        try? FileManager.default.removeItem(at: log)
        try configurationFile(log: log).write(
            to: folder.appendingPathComponent("redis.conf"), atomically: true, encoding: .utf8)
        let keeper = try ChildProcess([
            "/bin/sh", "-c",
            "redis-server \"$1\" $2 </dev/null >/dev/null 2>&1 & echo $!; read end; kill -9 $!; wait $! 2>/dev/null; exit 0",
            "sh", folder.appendingPathComponent("redis.conf").path,
            options.isSentinel ? "--sentinel" : "",
        ])
        var line = Data()
        while line.last != UInt8(ascii: "\n"), let next = try keeper.output.read(upToCount: 1), !next.isEmpty {
            line += next
        }
        guard let pid = pid_t(String(decoding: line.dropLast(), as: UTF8.self)) else {
            throw Failure(description: "redis-server did not start")
        }
        running.withLockedValue { $0 = Running(keeper: keeper, pid: pid) }
        try await awaitReady(log: log, pid: pid)
    }

    /// `SIGKILL`, as a crash.
    public func kill() {
        let running = self.running.withLockedValue { running in
            defer { running = nil }
            return running
        }
        guard let running else { return }
        try? running.keeper.input.close()
        running.keeper.wait()
    }

    public var isRunning: Bool { running.withLockedValue { $0 != nil } }

    /// `SIGSTOP`: connections stay open, new ones are accepted by the kernel, nothing is answered.
    public func pause() { signal(SIGSTOP) }

    public func resume() { signal(SIGCONT) }

    /// Runs `redis-cli` against the server and returns what it prints.
    @discardableResult
    public func cli(_ arguments: String...) async throws -> String {
        let tls = options.tls.map { ["--tls", "--cacert", $0.certificate] } ?? []
        return try await ChildProcess.run(["redis-cli", "-h", "127.0.0.1", "-p", "\(port)"] + tls + arguments)
    }

    private func signal(_ number: Int32) {
        running.withLockedValue { running in
            if let running { _ = Foundation.kill(running.pid, number) }
        }
    }

    private func configurationFile(log: URL) -> String {
        guard !options.isSentinel else {
            let lines = ["bind 127.0.0.1", "port \(port)", "dir \(folder.path)", "logfile \(log.path)"]
            return (lines + options.configuration).joined(separator: "\n") + "\n"
        }
        var lines = [
            "bind 127.0.0.1", "unixsocket \(socketPath)", "dir \(folder.path)", "logfile \(log.path)", "save \"\"",
            "appendonly no", "daemonize no", "enable-debug-command yes",
        ]
        if let tls = options.tls {
            lines += [
                "port 0", "tls-port \(port)", "tls-cert-file \(tls.certificate)", "tls-key-file \(tls.key)",
                "tls-ca-cert-file \(tls.certificate)", "tls-auth-clients no",
            ]
        } else {
            lines.append("port \(port)")
        }
        if let busPort { lines += ["cluster-enabled yes", "cluster-port \(busPort)"] }
        return (lines + options.configuration).joined(separator: "\n") + "\n"
    }

    private func awaitReady(log: URL, pid: pid_t) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            if text.contains(options.isSentinel ? "Sentinel ID is" : "eady to accept connections") { return }
            let isRefused = text.contains("Failed listening on port")
            // Signal 0 asks whether the process is there.
            guard !isRefused, ContinuousClock.now < deadline, Foundation.kill(pid, 0) == 0 else {
                kill()
                throw Failure(description: "redis-server does not accept connections: \(text.suffix(2_000))")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// A port that nobody listens on at the moment.
    public static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Failure(description: "no socket") }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, size) == 0 && getsockname(socket, address, &size) == 0
            }
        }
        guard bound else { throw Failure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
