import Foundation
import NIOConcurrencyHelpers
import TributaryProtocol

/// Sends what is in an ``Outbox``: each event in the task of who published it, when its turn has come.
final class OutboxSender: Sendable {
    private enum Signal {
        case turn
        case closed
    }

    private struct State {
        var outbox: Outbox
        /// Nothing comes in any more.
        var isClosing = false
        /// Nothing goes out any more.
        var isClosed = false
        var signals: [Outbox.Ticket: AsyncStream<Signal>.Continuation] = [:]
        /// Hears when the outbox is empty.
        var closer: AsyncStream<Void>.Continuation?
    }

    private let transport: any PublishTransport
    private let state: NIOLockedValueBox<State>

    init(_ configuration: OutboxConfiguration, transport: any PublishTransport) {
        self.transport = transport
        state = NIOLockedValueBox(State(outbox: Outbox(configuration)))
    }

    /// Returns when the hub has the event.
    func publish(_ event: Event) async throws -> PublishReceipt {
        var event = event
        event.clientMessageID = event.clientMessageID ?? UUID().uuidString.lowercased()
        let (signals, continuation) = AsyncStream.makeStream(of: Signal.self)
        let (ticket, entrance) = try enter(event, continuation)
        defer { leave(ticket) }
        if entrance == .wait { try await Self.waitForTurn(signals) }
        return try await withThrowingTaskGroup(of: PublishReceipt.self) { [event] group in
            group.addTask { try await self.send(event, ticket) }
            group.addTask {
                for await signal in signals where signal == .closed { throw TributaryClientError.publisherClosed }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let receipt = try await group.next() else { throw CancellationError() }
            return receipt
        }
    }

    private func enter(
        _ event: Event, _ continuation: AsyncStream<Signal>.Continuation
    ) throws(TributaryClientError) -> (Outbox.Ticket, Outbox.Entrance) {
        let entered = state.withLockedValue { state in
            Result { () throws(TributaryClientError) -> (Outbox.Ticket, Outbox.Entrance) in
                guard !state.isClosing else { throw .publisherClosed }
                do throws(Outbox.Full) {
                    let (ticket, entrance) = try state.outbox.enter(event)
                    state.signals[ticket] = continuation
                    return (ticket, entrance)
                } catch {
                    throw .outboxFull(events: error.events, bytes: error.bytes)
                }
            }
        }
        return try entered.get()
    }

    private func leave(_ ticket: Outbox.Ticket) {
        let (next, closer) = state.withLockedValue { state in
            state.signals[ticket] = nil
            let next = state.outbox.leave(ticket).flatMap { state.signals[$0] }
            return (state.isClosed ? nil : next, state.outbox.count == 0 ? state.closer : nil)
        }
        next?.yield(.turn)
        closer?.yield()
    }

    private static func waitForTurn(_ signals: AsyncStream<Signal>) async throws {
        for await signal in signals {
            switch signal {
            case .turn: return
            case .closed: throw TributaryClientError.publisherClosed
            }
        }
        throw CancellationError()
    }

    /// Until it is published, or refused.
    private func send(_ event: Event, _ ticket: Outbox.Ticket) async throws -> PublishReceipt {
        while true {
            do {
                return try await transport.publish(event)
            } catch let error as any RetryablePublishError where error.isWorthRetry {
                let delay = state.withLockedValue {
                    $0.outbox.failed(ticket, asked: error.retryAfter, jitter: .random(in: 0...1))
                }
                try await ContinuousClock().sleep(for: delay)
            }
        }
    }

    /// Takes nothing any more, and returns when all has left, or with what is left at the end of `limit`.
    func close(within limit: Duration) async -> [Event] {
        let (emptied, closer) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let isEmpty = state.withLockedValue { state in
            state.isClosing = true
            state.closer = closer
            return state.outbox.count == 0
        }
        if isEmpty { return [] }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in emptied { return } }
            group.addTask { try? await ContinuousClock().sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        let (left, waiting) = state.withLockedValue { state in
            state.isClosed = true
            return (state.outbox.events, state.signals.values)
        }
        for signals in waiting { signals.yield(.closed) }
        return left
    }
}
