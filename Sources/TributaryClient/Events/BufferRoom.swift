import NIOConcurrencyHelpers

/// Counts what is in a bounded buffer. One task puts and waits, another takes.
final class BufferRoom: Sendable {
    enum Answer {
        /// There is room for one more, or nobody cares any more.
        case free
        /// Nothing was taken for too long.
        case stalled
        /// The client's run is ending.
        case abandoned
    }

    private struct State {
        var count = 0
        var answer: Answer?
        var waiter: AsyncStream<Void>.Continuation?
    }

    private let limit: Int
    private let state = NIOLockedValueBox(State())

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    func put() { state.withLockedValue { $0.count += 1 } }

    func took() { wake { $0.count -= 1 } }

    /// Nothing is taken any more; who waits is let go.
    func close() { wake { $0.answer = .free } }

    /// Nothing is put any more; who waits is let go.
    func abandon() { wake { $0.answer = $0.answer ?? .abandoned } }

    /// Waits until there is room for one more, until nothing was taken for `duration`, or until the task is cancelled.
    func wait(atMost duration: Duration) async -> Answer {
        let (signal, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let answer: Answer? = state.withLockedValue { state in
            if let answer = verdict(state) { return answer }
            state.waiter = continuation
            return nil
        }
        if let answer { return answer }
        let wasWoken = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in signal { return true }
                return false
            }
            group.addTask {
                try? await Task.sleep(for: duration)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        return state.withLockedValue { state in
            state.waiter = nil
            if Task.isCancelled { return .abandoned }
            return verdict(state) ?? (wasWoken ? .free : .stalled)
        }
    }

    private func verdict(_ state: State) -> Answer? { state.answer ?? (state.count < limit ? .free : nil) }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLockedValue { state in
            change(&state)
            return state.waiter
        }
        waiter?.yield()
    }
}
