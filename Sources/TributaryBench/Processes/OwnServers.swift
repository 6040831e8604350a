import Foundation
import Glibc

/// A hub of the bench's own, and a Redis for it where that is wanted.
///
/// Lives on the bench's thread; ends with it.
final class OwnServers {
    /// Of one hub.
    struct Options: Sendable, Codable, Equatable {
        var eventLoops: Int
        var usesRedis: Bool
        var serverCores: Cores
        var generatorCores: Cores
        /// More arguments for `serve`.
        var arguments: [String] = []
    }

    private(set) var hubs: [Hub] = []
    private let redis: ChildProcess?
    let redisURL: String?
    /// For what its processes print, and what others of the same bench do.
    let folder: String
    private let options: Options

    struct Hub {
        let child: ChildProcess
        let url: String
    }

    /// Starts what is asked for, without a hub yet.
    ///
    /// - Throws: ``BenchError`` for what cannot be started.
    init(_ options: Options) throws {
        self.options = options
        var template = Array("\(NSTemporaryDirectory())/tributary-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BenchError.system("mkdtemp", errno) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard options.usesRedis else {
            redis = nil
            redisURL = nil
            return
        }
        let port = try Self.freePort()
        let child = try ChildProcess(
            [
                "redis-server", "--bind", "127.0.0.1", "--port", "\(port)", "--save", "", "--appendonly", "no",
                "--dir", folder,
            ], on: options.generatorCores, folder: folder)
        redis = child
        redisURL = "redis://127.0.0.1:\(port)"
        try child.wait(until: "redis-server") { $0.printed.contains("Ready to accept connections") ? true : nil }
    }

    deinit {
        for hub in hubs { hub.child.stop() }
        redis?.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts one more hub, and waits until it is ready.
    ///
    /// - Parameter streams: how many it must be able to hold.
    @discardableResult
    func startHub(streams: Int, arguments: [String] = []) throws -> Hub {
        var command = [
            ChildProcess.ownExecutable, "serve", "--port", "0", "--threads", "\(options.eventLoops)",
            "--drain-seconds", "0", "--max-streams", "\(max(streams + 64, 1_000))", "--log-level", "warning",
        ]
        if let redisURL { command += ["--redis", redisURL] }
        let child = try ChildProcess(
            command + options.arguments + arguments, on: options.serverCores, folder: folder)
        let url = try child.wait(until: "the hub") { child -> String? in
            guard let start = child.printed.firstRange(of: "listens on http://") else { return nil }
            let rest = child.printed[start.upperBound...]
            guard let end = rest.firstIndex(of: ",") else { return nil }
            return "http://\(rest[..<end])"
        }
        let address = try HTTPAddress(url, option: "hub")
        try child.wait(until: "the hub's /readyz") { _ in
            BlockingRequest.status(address, "/readyz") == 200 ? true : nil
        }
        let hub = Hub(child: child, url: url)
        hubs.append(hub)
        return hub
    }

    var processes: [Int32] { hubs.map(\.child.process) }

    /// Whether there is a `redis-server` to start.
    static var hasRedis: Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/redis-server")
        }
    }

    private static func freePort() throws -> UInt16 {
        let (descriptor, address) = try Socket.listen()
        close(descriptor)
        return UInt16(bigEndian: address.sin_port)
    }
}

/// One request, waited for.
enum BlockingRequest {
    /// - Returns: the answer's status; `nil` if there was none within ten seconds.
    static func status(_ address: HTTPAddress, _ path: String) -> Int? {
        guard let remote = try? Socket.resolve(address.host, port: address.port) else { return nil }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(address.host):\(address.port)\r\nConnection: close\r\n\r\n"
        return exchange(remote, Array(request.utf8)).flatMap { answer in
            answer.withUnsafeBytes { ResponseHead.read($0)?.status }
        }
    }

    /// - Returns: what came first; `nil` if nothing did within ten seconds.
    static func exchange(_ remote: sockaddr_in, _ request: [UInt8]) -> [UInt8]? {
        let socket = Socket.connect(to: remote, from: nil)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        guard isReady(socket, POLLOUT) else { return nil }
        guard send(socket, request, request.count, Int32(MSG_NOSIGNAL)) == request.count, isReady(socket, POLLIN)
        else { return nil }
        var answer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(socket, &answer, answer.count, 0)
        return count > 0 ? Array(answer[..<count]) : nil
    }

    private static func isReady(_ socket: Int32, _ what: Int32) -> Bool {
        var waiting = pollfd(fd: socket, events: Int16(what), revents: 0)
        return poll(&waiting, 1, 10_000) == 1
    }
}
