import NIOConcurrencyHelpers
import NIOCore
import TributaryCore
import TributaryProtocol

/// A memory relay that a test can take away.
final class SwitchableRelay: Relay {
    private let base: MemoryRelay
    private let isUp = NIOLockedValueBox(true)

    init(_ base: MemoryRelay) {
        self.base = base
    }

    func set(up: Bool) { isUp.withLockedValue { $0 = up } }

    var eventLoop: any EventLoop { base.eventLoop }
    var kind: String { base.kind }
    var session: String { base.session }
    func attach(_ receiver: any RelayReceiver) { base.attach(receiver) }
    func run() async throws { try await base.run() }
    func subscribe(to topics: [Topic]) -> EventLoopFuture<Void> { base.subscribe(to: topics) }
    func unsubscribe(from topics: [Topic]) { base.unsubscribe(from: topics) }

    func publish(_ payload: ByteBuffer, to topic: Topic) async throws {
        try send(payload, to: topic)
    }

    func tell(_ message: ByteBuffer, node: String?) -> EventLoopFuture<Void> {
        guard isUp.withLockedValue({ $0 }) else {
            return eventLoop.makeFailedFuture(RelayError.unavailable("switched off"))
        }
        return base.tell(message, node: node)
    }

    func send(_ payload: ByteBuffer, to topic: Topic) throws {
        guard isUp.withLockedValue({ $0 }) else { throw RelayError.unavailable("switched off") }
        try base.send(payload, to: topic)
    }

    var status: RelayStatus {
        var status = base.status
        status.isConnected = isUp.withLockedValue { $0 }
        if !status.isConnected { status.lastError = "switched off" }
        return status
    }
}
