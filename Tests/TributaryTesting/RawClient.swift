import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TributaryProtocol

/// A TCP client that sends exactly the bytes a test gives it and keeps what comes back. From any task.
public final class RawClient: Sendable {
    /// The wait was in vain; says what had come by then.
    public struct TimedOut: Error, CustomStringConvertible {
        public let received: String
        public var description: String { "timed out; received \(received.debugDescription)" }
    }

    /// How the other side ended the connection, if it has.
    public enum End: Sendable, Equatable {
        /// It sends nothing more.
        case finished
        /// A reset, or the like.
        case broken
    }

    private let channel: any NIOCore.Channel
    private let inbox: Inbox

    /// 2 min: much longer than anything here takes, so that a machine that is busy with other tests fails nothing.
    public static let patience = TimeAmount.minutes(2)

    private init(channel: any NIOCore.Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// - Parameters:
    ///   - first: sent as soon as the connection stands, without waiting for the test's task to get its turn.
    ///   - through: adds what stands between the socket and the client, such as TLS.
    public static func connect(
        to address: SocketAddress,
        sending first: String = "",
        through: @escaping @Sendable (any NIOCore.Channel) throws -> Void = { _ in },
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> RawClient {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try through(channel)
                    try channel.pipeline.syncOperations.addHandler(Receiver(inbox: inbox, first: first))
                }
            }
            .connect(to: address).get()
        return RawClient(channel: channel, inbox: inbox)
    }

    /// Sends bytes; an error of the connection is not the sender's business, the answer tells.
    public func send(_ text: String) async {
        await send(Array(text.utf8))
    }

    public func send(_ bytes: [UInt8]) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Everything received so far.
    public var received: String { String(decoding: inbox.bytes, as: UTF8.self) }

    public var receivedBytes: [UInt8] { inbox.bytes }

    public var end: End? { inbox.end }

    /// Waits until what was received satisfies `condition`, and returns it.
    ///
    /// - Throws: ``TimedOut``.
    @discardableResult
    public func receive(where condition: @escaping @Sendable (String) -> Bool) async throws -> String {
        try await wait { inbox in condition(String(decoding: inbox.bytes, as: UTF8.self)) }
        return received
    }

    /// Waits until `text` has come.
    @discardableResult
    public func receive(_ text: String) async throws -> String {
        try await receive { $0.contains(text) }
    }

    /// Waits for the end of the connection and returns everything that came.
    @discardableResult
    public func receiveAll() async throws -> String {
        try await wait { $0.end != nil }
        return received
    }

    /// Waits until `condition` holds of the events that have come, behind the head of the answer.
    @discardableResult
    public func events(
        where condition: @escaping @Sendable ([ServerSentEvent]) -> Bool
    ) async throws -> [ServerSentEvent] {
        try await wait { condition($0.events) }
        return inbox.events
    }

    /// Waits for that many events.
    @discardableResult
    public func events(count: Int) async throws -> [ServerSentEvent] {
        try await events { $0.count >= count }
    }

    /// Says that nothing more will be sent, and goes on reading.
    public func halfClose() async {
        try? await channel.close(mode: .output).get()
    }

    public func close() async {
        try? await channel.close().get()
    }

    /// Ends the connection with a reset.
    public func reset() async {
        try? await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        await close()
    }

    /// Stops reading, or goes on.
    public func read(_ reads: Bool) async {
        try? await channel.setOption(.autoRead, value: reads).get()
    }

    private func wait(_ condition: @escaping @Sendable (borrowing Inbox.State) -> Bool) async throws {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        inbox.add(promise, condition)
        let inbox = inbox
        let deadline = channel.eventLoop.scheduleTask(in: Self.patience) {
            promise.fail(TimedOut(received: String(decoding: inbox.bytes.suffix(2_000), as: UTF8.self)))
        }
        defer { deadline.cancel() }
        try await promise.futureResult.get()
    }
}

/// What came from the other side, and who waits for what.
private final class Inbox: Sendable {
    struct Waiter: Sendable {
        var promise: EventLoopPromise<Void>
        var condition: @Sendable (borrowing State) -> Bool
    }

    struct State: Sendable {
        var bytes: [UInt8] = []
        /// Those behind the head of an answer.
        var events: [ServerSentEvent] = []
        var end: RawClient.End?
        var waiting: [Waiter] = []

        private var decoder = ServerSentEventDecoder()
        private var isPastHead = false

        mutating func append(_ new: some Collection<UInt8>) {
            bytes.append(contentsOf: new)
            if isPastHead {
                try? decoder.feed(new) { events.append($0) }
            } else if let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                isPastHead = true
                try? decoder.feed(bytes[head.upperBound...]) { events.append($0) }
            }
        }
    }

    private let state = NIOLockedValueBox(State())

    var bytes: [UInt8] { state.withLockedValue { $0.bytes } }
    var end: RawClient.End? { state.withLockedValue { $0.end } }

    var events: [ServerSentEvent] { state.withLockedValue { $0.events } }

    func add(_ promise: EventLoopPromise<Void>, _ condition: @escaping @Sendable (borrowing State) -> Bool) {
        change { $0.waiting.append(Waiter(promise: promise, condition: condition)) }
    }

    func change(_ body: (inout State) -> Void) {
        let due = state.withLockedValue { state in
            body(&state)
            let waiting = state.waiting
            state.waiting = []
            var due: [Waiter] = []
            for waiter in waiting {
                if waiter.condition(state) { due.append(waiter) } else { state.waiting.append(waiter) }
            }
            return due
        }
        for waiter in due { waiter.promise.succeed() }
    }
}

private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    typealias OutboundOut = ByteBuffer

    private let inbox: Inbox
    private let first: String

    init(inbox: Inbox, first: String) {
        self.inbox = inbox
        self.first = first
    }

    func channelActive(context: ChannelHandlerContext) {
        if !first.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: first)), promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        inbox.change { $0.append(bytes.readableBytesView) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { inbox.change { $0.end = $0.end ?? .finished } }
    }

    func channelInactive(context: ChannelHandlerContext) {
        inbox.change { $0.end = $0.end ?? .finished }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.change { $0.end = .broken }
        context.close(promise: nil)
    }
}
