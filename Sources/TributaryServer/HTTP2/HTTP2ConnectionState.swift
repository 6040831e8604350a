import NIOHTTP2

/// When an HTTP/2 connection ends: after a time without streams, and when the server shuts down. Decides;
/// ``HTTP2ConnectionHandler`` acts.
///
/// `GOAWAY` with the highest number of a stream asks for no more of them, one with the last that came refuses the others, which a
/// client then knows to be safe to repeat elsewhere. NIO takes a connection without streams for closed after the first of
/// them already, and whatever comes on it for a breach of the rules: so one with streams is asked first and refuses after the last
/// of them has ended, one without refuses at once.
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
    }

    private(set) var phase = Phase.serving
    private(set) var openStreams = 0
    private var last = HTTP2StreamID.rootStream
    private var isDraining = false

    var timer: Timer? {
        guard openStreams == 0, phase == .serving else { return nil }
        return last == .rootStream ? .head : .idle
    }

    mutating func opened(_ stream: HTTP2StreamID) {
        openStreams += 1
        last = max(last, stream)
    }

    mutating func closed() -> Action {
        openStreams -= 1
        guard openStreams == 0 else { return .nothing }
        return switch phase {
        case .serving: isDraining ? leave() : .nothing
        case .announced: leave()
        case .leaving: .close
        }
    }

    mutating func timedOut() -> Action {
        openStreams == 0 && phase == .serving ? leave() : .nothing
    }

    /// The server's streams are being ended. A connection without any answers the next request all the same.
    mutating func drain() -> Action {
        isDraining = true
        guard phase == .serving, openStreams > 0 else { return .nothing }
        phase = .announced
        return .announce
    }

    /// The server shuts down: what is being answered is the last.
    mutating func quiesce() -> Action {
        phase == .leaving ? .nothing : leave()
    }

    private mutating func leave() -> Action {
        phase = .leaving
        return .leave(last: last, close: openStreams == 0)
    }
}
