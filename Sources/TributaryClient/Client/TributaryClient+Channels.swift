import NIOConcurrencyHelpers
import TributaryProtocol

extension TributaryClient {
    /// What the client reads; `nil` for all that the user may.
    public var channels: Set<Channel>? { state.withLockedValue { $0.selection.channels } }

    /// Reads these channels too. From any task, also while the client runs.
    ///
    /// The stream is opened anew with them and goes on from the cursor, between two events: nothing with an id is lost
    /// or comes twice. Ephemeral events of that instant may be.
    public func subscribe(_ channels: Channel...) {
        change { $0.add(Set(channels)) }
    }

    /// Reads these channels no longer. Without any channel left the client stays `disconnected` until it gets one.
    public func unsubscribe(_ channels: Channel...) {
        change { $0.remove(Set(channels)) }
    }

    /// Takes what `connected` lists; see ``ChannelSelection/learn(_:)``.
    func learn(_ channels: Set<Channel>) {
        change { $0.learn(channels) }
    }

    /// The one place that acts on a changed selection: the connection under way is replaced.
    private func change(_ body: (inout ChannelSelection) -> Bool) {
        let waker: AsyncStream<Void>.Continuation? = state.withLockedValue { state in
            guard body(&state.selection) else { return nil }
            state.generation += 1
            return state.waker
        }
        waker?.yield()
    }
}
