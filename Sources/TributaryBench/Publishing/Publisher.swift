import Glibc

/// Publishes over one connection, in order, as fast as the server takes it. Connects when there is something to publish, also
/// after the server has closed a connection that nothing was waiting on.
///
/// Lives on the generator's thread.
final class Publisher {
    private var socket: Int32 = -1
    private let address: sockaddr_in
    private let route: PublishRoute
    private var maker: MessageMaker
    private var output: [UInt8] = []
    private var outputStart = 0
    private var input: [UInt8] = []
    private var isWaitingToWrite = false
    /// The generator's thread hears of it.
    private var isJoined = false
    private var replies: any ReplyReader
    /// Requests without an answer yet.
    private(set) var unanswered = 0
    private(set) var refused = 0
    /// The first refusal's words.
    private(set) var refusal: String?

    /// - Throws: ``BenchError`` if nobody listens there.
    init(_ specification: PublishSpecification) throws {
        route = try PublishRoute(specification)
        maker = MessageMaker(
            payload: specification.payload, body: specification.body, size: specification.size)
        replies = route.makeReader()
        address = try Socket.resolve(route.host, port: route.port)
        // A place where nobody listens is told at once.
        try connect()
    }

    private func connect() throws {
        socket = Socket.connect(to: address, from: nil)
        isWaitingToWrite = false
        isJoined = false
        guard socket >= 0 else { throw BenchError.system("\(route.host):\(route.port)", -socket) }
        Socket.sendAtOnce(socket)
        var waiting = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        _ = poll(&waiting, 1, 5_000)
        let code = Socket.pendingError(socket)
        guard code == 0, waiting.revents != 0 else {
            disconnect()
            throw BenchError.system("\(route.host):\(route.port)", code == 0 ? ETIMEDOUT : code)
        }
        var greeting: [UInt8] = []
        unanswered += route.appendGreeting(to: &greeting)
        output.insert(contentsOf: greeting, at: 0)
    }

    private func disconnect() {
        if socket >= 0 { Glibc.close(socket) }
        socket = -1
        input.removeAll()
    }

    deinit {
        if socket >= 0 { Glibc.close(socket) }
    }

    /// Another message may be published now.
    var hasRoom: Bool { unanswered < route.pipeline && output.count - outputStart < 1 << 20 }

    /// Everything published was answered.
    var isIdle: Bool { unanswered == 0 && outputStart == output.count }

    /// Publishes with the time of now; it leaves with the next ``flush(_:)``.
    func publish(_ address: MessageAddress, sequence: UInt64) {
        route.append(to: &output, &maker, address, sequence: sequence, time: Clock.now)
        unanswered += 1
    }

    /// Writes what the socket takes.
    ///
    /// - Throws: ``BenchError`` if the connection is gone.
    func flush(_ epoll: borrowing Epoll) throws {
        if socket < 0, !output.isEmpty { try connect() }
        if !isJoined, socket >= 0 {
            epoll.watch(socket, token: Generator.publisherToken, isNew: true)
            isJoined = true
        }
        while outputStart < output.count {
            let sent = output.withUnsafeBytes {
                send(socket, $0.baseAddress.map { $0 + outputStart }, $0.count - outputStart, Int32(MSG_NOSIGNAL))
            }
            if sent < 0 {
                guard errno == EAGAIN else { throw BenchError.system("publishing", errno) }
                return waitToWrite(true, epoll)
            }
            outputStart += sent
        }
        output.removeAll(keepingCapacity: true)
        outputStart = 0
        waitToWrite(false, epoll)
    }

    /// The socket is ready: reads answers, and writes on.
    func ready(_ epoll: borrowing Epoll) throws {
        try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            let count = recv(socket, buffer.baseAddress, buffer.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET), unanswered == 0 {
                disconnect()
                return
            }
            if count == 0 { throw BenchError("the server that is published to closed the connection\(because)") }
            if count < 0 {
                guard errno == EAGAIN else { throw BenchError.system("publishing", errno) }
                return
            }
            input.append(contentsOf: buffer[..<count])
        }
        guard socket >= 0 else { return }
        var used = 0
        try input.withUnsafeBytes { bytes in
            while let reply = try replies.read(UnsafeRawBufferPointer(rebasing: bytes[used...])) {
                used += reply.count
                // What nobody asked is a farewell, as to a connection that was silent for long.
                guard unanswered > 0 else { continue }
                unanswered -= 1
                if let error = reply.error {
                    refused += 1
                    if refusal == nil { refusal = error }
                }
            }
        }
        input.removeFirst(used)
        try flush(epoll)
    }

    private var because: String { refusal.map { ": \($0)" } ?? "" }

    private func waitToWrite(_ waits: Bool, _ epoll: borrowing Epoll) {
        guard waits != isWaitingToWrite else { return }
        isWaitingToWrite = waits
        epoll.watch(socket, token: Generator.publisherToken, writing: waits, isNew: false)
    }
}
