import TributaryProtocol

extension TributaryClient {
    /// The events of a type as a sequence: bounded, and without loss; see ``EventSequence``.
    ///
    /// ```swift
    /// for try await event in client.events(MessageNew.self) { … }
    /// ```
    public func events<Event: TypedEvent>(_ type: Event.Type) -> EventSequence<Received<Event>> {
        sequence(named: String(describing: type)) { dispatcher.add(type, $0) }
    }

    /// Every event as a sequence, of known and unknown types, the hub's own included; see ``EventSequence``.
    public var allEvents: EventSequence<StreamEvent> {
        sequence(named: "all") { dispatcher.addForEvery($0) }
    }

    private func sequence<Element: Sendable>(
        named name: String, subscribe: (@escaping @Sendable (Element) async -> Bool) -> Subscription
    ) -> EventSequence<Element> {
        // The room bounds the stream's own buffer.
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: Element.self, bufferingPolicy: .unbounded
        )
        let room = BufferRoom(limit: configuration.sequenceBuffer)
        let input = EventBufferInput(
            continuation: continuation,
            room: room,
            name: name,
            limit: configuration.sequenceBuffer,
            stallLimit: configuration.stallLimit
        )
        let subscription = subscribe { [weak dispatcher] event in
            do throws(TributaryClientError) {
                return try await input.put(event)
            } catch {
                await dispatcher?.report(error)
                return true
            }
        }
        let sequence = dispatcher.addSequence(room) { continuation.finish(throwing: $0) }
        continuation.onTermination = { [weak dispatcher] _ in
            subscription.cancel()
            dispatcher?.removeSequence(sequence)
            room.close()
        }
        return EventSequence(buffer: EventBuffer(stream: stream, room: room))
    }
}
