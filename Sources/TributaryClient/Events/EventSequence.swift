import NIOConcurrencyHelpers

/// Events as an asynchronous sequence, from ``TributaryClient/events(_:)`` and ``TributaryClient/allEvents``.
///
/// It begins when it is made, ends when the client's run ends, and throws what `run()` throws. One loop at a time reads
/// it; another goes on where that one left off. Let go of a sequence that is not read any more.
///
/// It holds at most `TributaryClientConfiguration.sequenceBuffer` events. When that many wait, the client reads no
/// further until the loop takes one, so that nothing is lost and the hub notices a slow reader. A loop that takes
/// nothing for `TributaryClientConfiguration.stallLimit` gets ``TributaryClientError/consumerStalled(type:limit:)``
/// after the events that wait, and no longer holds up the client's other readers.
public struct EventSequence<Element: Sendable>: AsyncSequence, Sendable {
    let buffer: EventBuffer<Element>

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(buffer) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private let room: BufferRoom
        private var events: AsyncThrowingStream<Element, any Error>.Iterator

        init(_ buffer: EventBuffer<Element>) {
            room = buffer.room
            events = buffer.stream.makeAsyncIterator()
        }

        public mutating func next() async throws -> Element? {
            let event = try await events.next()
            if event != nil { room.took() }
            return event
        }
    }
}

/// What stands between the client's run, which puts events in, and the loop that takes them out.
struct EventBuffer<Element: Sendable>: Sendable {
    let stream: AsyncThrowingStream<Element, any Error>
    let room: BufferRoom
}
