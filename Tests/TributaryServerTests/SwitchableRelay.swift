import NIOConcurrencyHelpers
import NIOCore
import TributaryCore
import TributaryProtocol

/// A memory relay that a test can take away, and join to another node's.
final class SwitchableRelay: ImmediateRelay {
    private let base: MemoryRelay
    private let isUp = NIOLockedValueBox(true)
    private let peer = NIOLockedValueBox<MemoryRelay?>(nil)

    init(_ base: MemoryRelay) {
        self.base = base
    }

    func set(up: Bool) { isUp.withLockedValue { $0 = up } }

    /// From now on, the two nodes hear what the other one tells.
    func join(_ other: SwitchableRelay) {
        peer.withLockedValue { $0 = other.base }
        other.peer.withLockedValue { $0 = base }
    }

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
        guard let peer = peer.withLockedValue({ $0 }) else { return base.tell(message, node: node) }
        // With two nodes, one of them is meant, or both are.
        let told = peer.tell(message, node: nil)
        return node == nil ? base.tell(message, node: nil) : told
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
