import NIOConcurrencyHelpers
import TributaryProtocol

extension TributaryClient {
    var position: StreamPosition { state.withLockedValue { $0.position } }

    /// Hands an event to its handlers unless it came before, then moves the cursor.
    ///
    /// Called by the run alone, one event after the other. If the run is cancelled meanwhile, or ends before a full
    /// sequence could take the event, it counts as not handed over, and comes again in the next run.
    func deliver(_ event: StreamEvent) async {
        let position = event.id.flatMap { StreamPosition(id: $0) }
        // `subscribed` says where the stream stands, under the id of an event that may have come, or may yet come.
        let isEventOfItsID = event.name != Subscribed.eventName
        if isEventOfItsID, position != nil, let id = event.id, state.withLockedValue({ $0.seen.contains(id) }) {
            return
        }
        let isTaken = await dispatcher.deliver(event)
        guard isTaken, !Task.isCancelled, let id = event.id, let position else { return }
        state.withLockedValue { state in
            if isEventOfItsID, !id.isEmpty { state.seen.insert(id) }
            state.position = position
        }
    }

    /// Takes an id that came without an event.
    func move(to id: String) {
        guard let position = StreamPosition(id: id) else { return }
        state.withLockedValue { $0.position = position }
    }

    /// A stream that begins live goes on, after a cut, from where it began: what is published meanwhile is not lost.
    func connected(_ connection: StreamReader.Connection) {
        learn(connection.channels)
        guard connection.from == nil, let latest = connection.latest else { return }
        state.withLockedValue { state in
            if state.position == .live { state.position = .after(latest) }
        }
    }
}
