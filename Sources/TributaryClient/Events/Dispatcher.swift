import NIOConcurrencyHelpers
import TributaryProtocol

/// Hands what happens on the stream to whoever asked for it. Registered from any task, called by the client's run
/// alone.
final class Dispatcher: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var typed: [(type: ObjectIdentifier, handlers: any AnyTypedHandlers)] = []
        var every = Handlers<StreamEvent>()
        var errors = Handlers<TributaryClientError>()
        var statuses = Handlers<ConnectionStatus>()
        /// The sequences, which end when the client's run does.
        var sequences: [UInt64: (room: BufferRoom, finish: @Sendable ((any Error)?) -> Void)] = [:]
    }

    private let state = NIOLockedValueBox(State())

    func add<Event: TypedEvent>(
        _ type: Event.Type, _ call: @escaping @Sendable (Received<Event>) async -> Bool
    ) -> Subscription {
        add { state, id, subscription in
            let key = ObjectIdentifier(type)
            let index = state.typed.firstIndex { $0.type == key } ?? state.typed.endIndex
            if index == state.typed.endIndex { state.typed.append((key, TypedHandlers<Event>())) }
            guard var handlers = state.typed[index].handlers as? TypedHandlers<Event> else { return }
            handlers.handlers.add(id, subscription, call)
            state.typed[index].handlers = handlers
        }
    }

    func addForEvery(_ call: @escaping @Sendable (StreamEvent) async -> Bool) -> Subscription {
        add { state, id, subscription in state.every.add(id, subscription, call) }
    }

    func addForErrors(_ call: @escaping @Sendable (TributaryClientError) async -> Void) -> Subscription {
        add { state, id, subscription in
            state.errors.add(id, subscription) {
                await call($0)
                return true
            }
        }
    }

    func addForStatuses(_ call: @escaping @Sendable (ConnectionStatus) async -> Void) -> Subscription {
        add { state, id, subscription in
            state.statuses.add(id, subscription) {
                await call($0)
                return true
            }
        }
    }

    /// Hands an event to its type's handlers, then to those of every event. Returns when all have been called.
    ///
    /// - Returns: false if one of them could not take it because the run is ending.
    func deliver(_ event: StreamEvent) async -> Bool {
        let (typed, every) = state.withLockedValue { state in
            (state.typed.map(\.handlers).filter { $0.handles(event.name) }, state.every)
        }
        var isTaken = true
        for handlers in typed {
            do {
                if try await !handlers.deliver(event) { isTaken = false }
            } catch {
                await report(error)
            }
        }
        if await !every.callAll(event) { isTaken = false }
        return isTaken
    }

    func report(_ error: TributaryClientError) async {
        await state.withLockedValue { $0.errors }.callAll(error)
    }

    func publish(_ status: ConnectionStatus) async {
        await state.withLockedValue { $0.statuses }.callAll(status)
    }

    /// Has `finish` called when the client's run ends.
    func addSequence(_ room: BufferRoom, finish: @escaping @Sendable ((any Error)?) -> Void) -> UInt64 {
        state.withLockedValue { state in
            state.nextID += 1
            state.sequences[state.nextID] = (room, finish)
            return state.nextID
        }
    }

    func removeSequence(_ id: UInt64) {
        state.withLockedValue { state in _ = state.sequences.removeValue(forKey: id) }
    }

    /// The run is ending: nobody waits any more for room in a sequence.
    func abandonWaits() {
        for sequence in state.withLockedValue({ $0.sequences }).values { sequence.room.abandon() }
    }

    /// Ends all sequences of events.
    func finish(throwing error: (any Error)?) {
        let sequences = state.withLockedValue { state in
            defer { state.sequences = [:] }
            return state.sequences
        }
        for sequence in sequences.values { sequence.finish(error) }
    }

    private func add(_ register: (inout State, UInt64, Subscription) -> Void) -> Subscription {
        state.withLockedValue { state in
            state.nextID += 1
            let id = state.nextID
            let subscription = Subscription { [weak self] in self?.remove(id) }
            register(&state, id, subscription)
            return subscription
        }
    }

    private func remove(_ id: UInt64) {
        state.withLockedValue { state in
            for index in state.typed.indices { state.typed[index].handlers.remove(id) }
            state.typed.removeAll { $0.handlers.isEmpty }
            state.every.remove(id)
            state.errors.remove(id)
            state.statuses.remove(id)
        }
    }
}
