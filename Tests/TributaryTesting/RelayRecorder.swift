import NIOConcurrencyHelpers
import NIOCore
import TributaryCore
import TributaryProtocol

/// A relay's receiver that writes down what it hears, and lets a test await it.
public final class RelayRecorder: RelayReceiver {
    public enum Entry: Equatable, Sendable {
        case received([UInt8], Topic)
        case heard([UInt8])
        case finishedBatch
        case rejected(Envelope.Rejection, Topic)
        case disconnected
        case reconnected
    }

    public struct TimedOut: Error, CustomStringConvertible {
        public let description: String
    }

    private struct State {
        var entries: [Entry] = []
        var messages = 0
        var offLoop = 0
    }

    private let eventLoop: any EventLoop
    private let state = NIOLockedValueBox(State())
    private let observe: @Sendable (Entry) -> Void

    /// - Parameter observe: called with each entry, on the loop.
    public init(eventLoop: any EventLoop, observe: @escaping @Sendable (Entry) -> Void = { _ in }) {
        self.eventLoop = eventLoop
        self.observe = observe
    }

    public var entries: [Entry] { state.withLockedValue { $0.entries } }

    /// The payloads in order, as text.
    public var messages: [String] { payloads(on: nil) }

    /// How many messages came; cheap.
    public var messageCount: Int { state.withLockedValue { $0.messages } }

    /// Calls that were not made on the relay's loop: a broken promise.
    public var callsOffLoop: Int { state.withLockedValue { $0.offLoop } }

    /// What other nodes told, in order, as text.
    public var heard: [String] {
        entries.compactMap { entry in
            if case .heard(let bytes) = entry { String(decoding: bytes, as: UTF8.self) } else { nil }
        }
    }

    public func messages(on topic: Topic) -> [String] { payloads(on: topic) }

    public func count(of entry: Entry) -> Int { entries.filter { $0 == entry }.count }

    public func removeAll() { state.withLockedValue { $0 = State() } }

    /// Returns once `condition` holds, or throws after `seconds`. `meanwhile` is done before each look.
    public func wait(
        for what: String,
        seconds: Double = 30,
        until condition: @Sendable (RelayRecorder) -> Bool,
        meanwhile: @Sendable () async -> Void = {}
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            await meanwhile()
            if condition(self) { return }
            guard ContinuousClock.now < deadline else {
                throw TimedOut(description: "\(what): heard \(entries.suffix(10)) until the deadline")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    public func relayReceived(_ payload: UnsafeRawBufferPointer, on topic: Topic) {
        record(.received(Array(payload), topic))
    }

    public func relayHeard(_ message: ByteBuffer) { record(.heard(Array(message.readableBytesView))) }

    public func relayFinishedBatch() { record(.finishedBatch) }

    public func relayRejected(_ reason: Envelope.Rejection, on topic: Topic) { record(.rejected(reason, topic)) }

    public func relayDisconnected() { record(.disconnected) }

    public func relayReconnected() { record(.reconnected) }

    private func record(_ entry: Entry) {
        let isOnLoop = eventLoop.inEventLoop
        state.withLockedValue { state in
            state.entries.append(entry)
            if case .received = entry { state.messages += 1 }
            if !isOnLoop { state.offLoop += 1 }
        }
        observe(entry)
    }

    private func payloads(on wanted: Topic?) -> [String] {
        entries.compactMap { entry in
            guard case .received(let bytes, let topic) = entry, wanted == nil || wanted == topic else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
