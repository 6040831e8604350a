/// The producer's end of an ``EventBuffer``.
///
/// It knows nothing of the stream's consumer but its continuation, so that a sequence that nobody holds any more ends.
struct EventBufferInput<Element: Sendable>: Sendable {
    let continuation: AsyncThrowingStream<Element, any Error>.Continuation
    let room: BufferRoom
    /// The element's type in errors.
    let name: String
    let limit: Int
    let stallLimit: Duration

    /// Puts an event in, when there is room. A loop that stands still gets an error in its place.
    ///
    /// - Returns: whether the event is in, or is not wanted; false if the client's run ended before.
    /// - Throws: ``TributaryClientError/consumerStalled(type:limit:)``, which the loop gets as well.
    func put(_ event: Element) async throws(TributaryClientError) -> Bool {
        switch await room.wait(atMost: stallLimit) {
        case .free:
            room.put()
            continuation.yield(event)
            return true
        case .abandoned:
            return false
        case .stalled:
            let error = TributaryClientError.consumerStalled(type: name, limit: limit)
            continuation.finish(throwing: error)
            throw error
        }
    }
}
