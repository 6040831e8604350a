import NIOHTTP2

/// When an HTTP/2 connection ends: after a time without streams, and when the server shuts down. Decides;
/// ``HTTP2ConnectionHandler`` acts.
///
/// It ends in two steps, so that no request is lost that was on its way: `GOAWAY` with the highest number of a stream asks for
/// no more of them, one with the last that came refuses the others.
struct HTTP2ConnectionState: Equatable {
    enum Phase: Equatable {
        case serving
        /// The client has been asked to open no more streams here.
        case announced
        /// Nothing that it opens now is answered.
        case leaving
    }

    enum Action: Equatable {
        case nothing
        /// Ask the client to open no more streams.
        case announce
        /// Tell it which stream was the last; then close, if there is none open.
        case leave(last: HTTP2StreamID, close: Bool)
        case close
    }

    /// What time it is to be timed.
    enum Timer: Equatable {
        /// Until the first request.
        case head
        /// Without a stream.
        case idle
        /// Until it may end, because what was on its way has come.
        case linger
    }

    private(set) var phase = Phase.serving
    private(set) var openStreams = 0
    private var last = HTTP2StreamID.rootStream
    /// The server drains: it says itself when the connection is to end.
    private var isDraining = false

    var timer: Timer? {
        guard openStreams == 0 else { return nil }
        return switch phase {
        case .serving: last == .rootStream ? .head : .idle
        case .announced: isDraining ? nil : .linger
        case .leaving: nil
        }
    }

    mutating func opened(_ stream: HTTP2StreamID) {
        openStreams += 1
        last = max(last, stream)
    }

    mutating func closed() -> Action {
        openStreams -= 1
        return phase == .leaving && openStreams == 0 ? .close : .nothing
    }

    mutating func timedOut() -> Action {
        guard openStreams == 0 else { return .nothing }
        switch phase {
        case .serving: return announce()
        case .announced where !isDraining: return leave()
        case .announced, .leaving: return .nothing
        }
    }

    /// The server's streams are being ended; what is asked is still answered.
    mutating func drain() -> Action {
        isDraining = true
        return announce()
    }

    /// The server shuts down: what is being answered is the last.
    mutating func quiesce() -> Action {
        phase == .leaving ? .nothing : leave()
    }

    private mutating func announce() -> Action {
        guard phase == .serving else { return .nothing }
        phase = .announced
        return .announce
    }

    private mutating func leave() -> Action {
        phase = .leaving
        return .leave(last: last, close: openStreams == 0)
    }
}
