import Glibc

extension Generator {
    /// Opens streams, never more than `window` of them unanswered, and waits for the answers.
    ///
    /// - Parameter eachTurn: called often, for what goes on beside.
    /// - Returns: how long it took, in nanoseconds.
    /// - Throws: ``BenchError`` if a stop is asked for.
    @discardableResult
    func open(_ range: Range<Int>, window: Int, eachTurn: () throws -> Void = {}) throws -> UInt64 {
        let began = Clock.now
        var moved = began
        var done = opened + failed
        var next = range.lowerBound
        while next < range.upperBound || unanswered > 0 {
            while next < range.upperBound, unanswered < window {
                begin(next)
                next += 1
            }
            try turn(milliseconds: 10)
            try eachTurn()
            let now = Clock.now
            if opened + failed != done {
                done = opened + failed
                moved = now
            }
            if now - moved > Self.patience {
                for index in range.lowerBound..<next
                where streams[index].phase == .connecting
                    || streams[index].phase == .awaitingHead
                {
                    fail(index, "no answer within \(Self.patience / 1_000_000_000) s")
                }
                moved = now
            }
        }
        return Clock.now - began
    }

    /// Cuts streams at once.
    func close(_ range: Range<Int>) {
        for index in range where streams[index].phase != .closed { close(index) }
    }

    /// A server that answers nobody for 10 s will not.
    private static let patience: UInt64 = 10_000_000_000

    /// Begins to connect a stream.
    func begin(_ index: Int) {
        let state = streams + index
        let socket = Socket.connect(
            to: address, from: sources.isEmpty ? nil : sources[index % sources.count],
            receiveBuffer: state.pointee.isSlow ? 4_096 : nil)
        guard socket >= 0 else { return fail(index, "connect: \(String(cString: strerror(-socket)))") }
        state.pointee.socket = socket
        state.pointee.phase = .connecting
        unanswered += 1
        // On loopback the connection is there by now; elsewhere the kernel tells when it is.
        if !send(index) { epoll.watch(socket, token: UInt64(index), writing: true, isNew: true) }
    }

    /// Sends the request of a stream that is connected.
    ///
    /// - Returns: false while it isn't.
    @discardableResult
    func send(_ index: Int) -> Bool {
        let state = streams + index
        let socket = state.pointee.socket
        let request = request(index)
        let sent = request.utf8.withContiguousStorageIfAvailable {
            Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if let sent, sent == request.utf8.count {
            let isNew = state.pointee.phase == .connecting && !state.pointee.isWatched
            state.pointee.phase = .awaitingHead
            epoll.watch(socket, token: UInt64(index), onlyChanges: !state.pointee.isSlow, isNew: isNew)
            state.pointee.isWatched = true
            return true
        }
        let code = errno
        if let sent, sent < 0, code == EAGAIN || code == ENOTCONN || code == EINPROGRESS {
            state.pointee.isWatched = true
            return false
        }
        fail(index, "connect: \(String(cString: strerror(code)))")
        return true
    }

    private func request(_ index: Int) -> String {
        let lastID = streams[index].lastIDText
        let number = configuration.firstNumber + index
        let fill = { [configuration] (name: String) -> String in
            switch name {
            case "stream", "n": String(number)
            case "user": "user-\(number)"
            case "project": configuration.projects[configuration.lane(index)]
            case "channels": configuration.channels
            case "last_id": lastID
            default: "{\(name)}"
            }
        }
        var text = "GET \(path.filled(fill)) HTTP/1.1\r\nHost: \(host)\r\nAccept: text/event-stream\r\n"
        for header in headers { text += header.filled(fill) + "\r\n" }
        if !lastID.isEmpty, resumesByHeader { text += "Last-Event-ID: \(lastID)\r\n" }
        return text + "\r\n"
    }

    /// Counts a stream that could not be opened.
    func fail(_ index: Int, _ reason: @autoclosure () -> String) {
        let state = streams + index
        if state.pointee.phase == .connecting || state.pointee.phase == .awaitingHead { unanswered -= 1 }
        if failure == nil { failure = reason() }
        failed += 1
        close(index)
    }

    /// Cuts a stream.
    func close(_ index: Int) {
        let state = streams + index
        if state.pointee.socket >= 0 { Socket.cut(state.pointee.socket) }
        if state.pointee.phase == .open { opened -= 1 }
        state.pointee.reset()
    }
}
