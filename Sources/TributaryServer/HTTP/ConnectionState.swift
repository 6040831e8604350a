import DequeModule
import NIOCore
import NIOHTTP1

/// What an HTTP/1 connection, or a stream of HTTP/2, is doing, one request at a time. Decides; ``ConnectionGate`` acts.
struct ConnectionState {
    enum Phase: Equatable {
        case awaitingHead
        case receivingBody
        /// The answer is being made; what the client sends meanwhile is held back.
        case responding
        /// The last answer is out; only the client's end is awaited.
        case closing
        /// A stream took the connection over.
        case streaming
    }

    enum Action {
        case nothing
        /// Tell a client that asked first to send its body.
        case sendContinue
        /// Answer the request.
        case respond(HTTPRequestHead, body: ByteBuffer)
        /// Answer with the problem; the connection ends after it.
        case refuse(Problem)
        /// End the connection: politely, so that the last answer is read.
        case finish
        /// End the connection now.
        case close
    }

    /// What comes from the parser.
    enum Input {
        case part(HTTPServerRequestPart)
        /// The parser gave up; nothing comes after it.
        case failure(Problem)
    }

    private(set) var phase = Phase.awaitingHead
    /// Of the request that is being received or answered.
    private(set) var isHead = false
    private(set) var isHTTP10 = false
    /// Where its page comes from, as its browser says; `nil` also where there are several.
    private(set) var origin: String?
    /// All of the request has come.
    private(set) var isComplete = false
    /// Whether the connection goes on after the answer.
    private(set) var keepsAlive = true

    private let bodyLimit: Int
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var held: Deque<Input> = []
    private var isInputClosed = false

    /// 1,024 parts: more than fit into one read of the socket with requests that do anything; a client that sends ahead
    /// more than that gets the answers it can, and must connect again.
    private static let heldLimit = 1_024

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    /// Ends with the first answer, as a stream of HTTP/2 does.
    mutating func takeOne() { keepsAlive = false }

    /// Whether more should be read from the socket.
    var wantsInput: Bool { phase != .responding && held.isEmpty }

    /// What is held of the body of a request that is being received.
    var bodyBytes: Int { body.readableBytes }

    /// True between two requests, and before the first.
    var isIdle: Bool { phase == .awaitingHead && held.isEmpty }

    /// Whether the client still waits for the answer to the present request, and would notice a stream's end.
    var isAwaited: Bool { phase == .responding && !isInputClosed }

    mutating func receive(_ input: Input) -> Action {
        switch phase {
        case .closing, .streaming:
            return .nothing
        case .responding:
            hold(input)
            return .nothing
        case .awaitingHead, .receivingBody:
            return process(input)
        }
    }

    /// What was held back and is due now; `nil` if there is none, or if an answer is awaited first.
    mutating func nextHeld() -> Action? {
        guard phase == .awaitingHead || phase == .receivingBody, let input = held.popFirst() else { return nil }
        return process(input)
    }

    /// The answer has been written.
    mutating func responded() -> Action {
        guard phase == .responding else { return .nothing }
        if !keepsAlive || isInputClosed && held.isEmpty { return finish() }
        origin = nil
        phase = .awaitingHead
        return .nothing
    }

    /// The client will send nothing more; it may still read.
    mutating func inputClosed() -> Action {
        isInputClosed = true
        switch phase {
        case .responding, .streaming: return .nothing
        case .awaitingHead, .receivingBody, .closing:
            phase = .closing
            return .close
        }
    }

    /// The request did not come in time.
    mutating func timedOut(tell: Bool) -> Action {
        switch phase {
        case .awaitingHead where !tell: return finish()
        case .awaitingHead, .receivingBody: return refuse(.requestTimeout)
        case .closing: return .close
        case .responding, .streaming: return .nothing
        }
    }

    /// The server shuts down: what is being answered is the last.
    mutating func quiesce() -> Action {
        keepsAlive = false
        return isIdle ? finish() : .nothing
    }

    /// Nobody will read an answer any more.
    mutating func streamTookOver() {
        phase = .streaming
        held = []
        head = nil
        body = ByteBuffer()
    }

    // MARK: -

    private mutating func process(_ input: Input) -> Action {
        switch input {
        case .failure(let problem): refuse(problem)
        case .part(.head(let head)): receive(head)
        case .part(.body(let bytes)): receive(bytes)
        case .part(.end): complete()
        }
    }

    private mutating func receive(_ head: HTTPRequestHead) -> Action {
        isComplete = false
        isHead = head.method == .HEAD
        isHTTP10 = head.version == .http1_0
        origin = head.origin
        // The parser stops at a request to change the protocol; what follows would never be read.
        let isUpgrade = head.method == .CONNECT || head.headers.contains(name: "upgrade")
        keepsAlive = keepsAlive && head.isKeepAlive && !isUpgrade
        guard !head.isAmbiguous else { return refuse(.malformedRequest) }
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard announced <= bodyLimit else { return refuse(.bodyTooLarge) }
        self.head = head
        phase = .receivingBody
        guard let expectation = head.headers.first(name: "expect"), !isHTTP10 else { return .nothing }
        guard expectation.lowercased() == "100-continue" else { return refuse(.expectationFailed) }
        return .sendContinue
    }

    private mutating func receive(_ bytes: ByteBuffer) -> Action {
        guard phase == .receivingBody else { return .nothing }
        guard body.readableBytes + bytes.readableBytes <= bodyLimit else { return refuse(.bodyTooLarge) }
        if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
        return .nothing
    }

    private mutating func complete() -> Action {
        guard let head else { return .nothing }
        isComplete = true
        let body = self.body
        self.head = nil
        self.body = ByteBuffer()
        phase = .responding
        return .respond(head, body: body)
    }

    /// Answers what has come of a request with a problem; the rest of it is not read.
    mutating func refuse(_ problem: Problem) -> Action {
        keepsAlive = false
        held = []
        head = nil
        body = ByteBuffer()
        phase = .responding
        return .refuse(problem)
    }

    private mutating func finish() -> Action {
        held = []
        phase = .closing
        return isInputClosed ? .close : .finish
    }

    private mutating func hold(_ input: Input) {
        // After the last answer nothing more is read.
        guard keepsAlive else { return }
        guard held.count < Self.heldLimit else {
            keepsAlive = false
            held = []
            return
        }
        held.append(input)
    }
}
