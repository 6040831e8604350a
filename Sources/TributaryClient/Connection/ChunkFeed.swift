import NIOConcurrencyHelpers
import struct NIOCore.ByteBuffer

/// Carries a connection's bytes from the task that reads the socket to the one that hands events over.
///
/// It holds one chunk, so that a slow handler slows the socket down; more only while the reader asks for it with
/// ``hold(upTo:)``, because something else has to be handed over first.
final class ChunkFeed: Sendable {
    private struct State {
        /// The next one stands at `first`.
        var chunks: [ByteBuffer] = []
        var first = 0
        var bytes = 0
        var limit = 0
        var end: Result<Void, any Error>?
        var endObserver: AsyncStream<Void>.Continuation?

        mutating func take() -> ByteBuffer? {
            guard first < chunks.count else { return nil }
            let chunk = chunks[first]
            bytes -= max(1, chunk.readableBytes)
            first += 1
            if first == chunks.count {
                chunks.removeAll(keepingCapacity: true)
                first = 0
            }
            return chunk
        }
    }

    private let state = NIOLockedValueBox(State())
    private let arrivals = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let departures = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// Whether the connection has ended. Chunks may wait all the same.
    var hasEnded: Bool { state.withLockedValue { $0.end != nil } }

    /// How many bytes may wait before the socket is read no further.
    func hold(upTo limit: Int) {
        state.withLockedValue { $0.limit = limit }
        departures.continuation.yield()
    }

    /// Reads until the connection ends or the task is cancelled. One task, once.
    func fill<Chunks: AsyncSequence>(from chunks: Chunks) async where Chunks.Element == ByteBuffer {
        var departure = departures.stream.makeAsyncIterator()
        do {
            for try await chunk in chunks {
                state.withLockedValue { state in
                    state.chunks.append(chunk)
                    state.bytes += max(1, chunk.readableBytes)
                }
                arrivals.continuation.yield()
                while state.withLockedValue({ $0.bytes > $0.limit }) {
                    guard await departure.next() != nil else { return finish(.failure(CancellationError())) }
                }
            }
            finish(.success(()))
        } catch {
            finish(.failure(error))
        }
    }

    private func finish(_ end: Result<Void, any Error>) {
        let observer = state.withLockedValue { state in
            state.end = end
            return state.endObserver
        }
        arrivals.continuation.yield()
        observer?.yield()
    }

    /// The next chunk; `nil` at the connection's end. One task calls it.
    ///
    /// - Throws: what ended the connection, after all that came before; `CancellationError`.
    func next() async throws -> ByteBuffer? {
        var arrival = arrivals.stream.makeAsyncIterator()
        while true {
            let (chunk, end) = state.withLockedValue { state in (state.take(), state.end) }
            if let chunk {
                departures.continuation.yield()
                return chunk
            }
            if let end {
                try end.get()
                return nil
            }
            guard await arrival.next() != nil else { throw CancellationError() }
        }
    }

    /// Returns when the connection has ended, whatever still waits, or when the task is cancelled. One task calls it.
    func waitForEnd() async {
        let (signal, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let hasEnded = state.withLockedValue { state in
            state.endObserver = continuation
            return state.end != nil
        }
        if hasEnded { return }
        for await _ in signal { return }
    }
}
