import NIOConcurrencyHelpers
import NIOCore

/// The HTTP connections that no stream took over, so that a shutdown can end them, and those that are one too many. From any thread.
final class OpenConnections: Sendable {
    struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
        /// Connections that have no channel yet, or never: their first request is being decided upon.
        var arrivals = 0
        var whenEmpty: [CheckedContinuation<Void, Never>] = []
        var room: ConnectionRoom<ObjectIdentifier>
        /// Channels whose sockets are streams by themselves now.
        var handedOver: Set<ObjectIdentifier> = []
        /// Listeners that accept again when there is room.
        var whenRoom: [@Sendable () -> Void] = []

        var isEmpty: Bool { channels.isEmpty && arrivals == 0 }

        /// Who is to be told that the last connection is gone, if it is.
        mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
            guard isEmpty else { return [] }
            defer { whenEmpty = [] }
            return whenEmpty
        }

        /// The channels of those that have to go.
        mutating func makeRoom() -> [any Channel] {
            whenRoom.isEmpty ? [] : room.makeRoom().compactMap { channels[$0] }
        }
    }

    let state: NIOLockedValueBox<State>

    /// - Parameters:
    ///   - maximum: sockets, streams among them; `nil` is no bound.
    ///   - maximumBodyBytes: what all connections together may hold of bodies.
    init(maximum: Int?, maximumBodyBytes: Int) {
        state = NIOLockedValueBox(State(room: ConnectionRoom(maximum: maximum, maximumBodyBytes: maximumBodyBytes)))
    }

    /// - Returns: false if the shutdown has begun; then the connection is not kept.
    func insert(_ channel: any Channel) -> Bool {
        state.withLockedValue { state in
            guard !state.isClosed else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    func remove(_ channel: any Channel) {
        let waiting = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
            state.channels[ObjectIdentifier(channel)] = nil
            state.room.forget(ObjectIdentifier(channel))
            return state.takeWaiting()
        }
        for continuation in waiting { continuation.resume() }
    }

    /// A connection without a channel has said what it wants: it is waited for until ``settle(_:)``.
    ///
    /// - Returns: false if the shutdown has begun; then the connection is not kept.
    func arrive() -> Bool {
        state.withLockedValue { state in
            guard !state.isClosed else { return false }
            state.arrivals += 1
            return true
        }
    }

    /// It is decided what becomes of a connection that ``arrive()`` was called for.
    ///
    /// - Parameter channel: what answers it; `nil` where nothing has to.
    /// - Returns: whether the shutdown has begun meanwhile: then the answer is the last.
    @discardableResult
    func settle(_ channel: (any Channel)?) -> Bool {
        let (waiting, isClosed) = state.withLockedValue { state in
            state.arrivals -= 1
            if let channel { state.channels[ObjectIdentifier(channel)] = channel }
            return (state.takeWaiting(), state.isClosed)
        }
        for continuation in waiting { continuation.resume() }
        return isClosed
    }

    /// Tells every connection that streams are about to be ended; takes new ones all the same.
    func announceDrain() {
        let channels = state.withLockedValue { Array($0.channels.values) }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ServerDrainsEvent()) }
    }

    /// Asks every connection to end after the answer that it is working on, and takes no more.
    func quiesce() {
        for channel in close() { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    /// Ends every connection now.
    func abort() {
        for channel in close() { channel.close(promise: nil) }
    }

    /// Returns when the last connection is gone.
    func untilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLockedValue { state in
                if !state.isEmpty { state.whenEmpty.append(continuation) }
                return state.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }

    private func close() -> [any Channel] {
        state.withLockedValue { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
    }
}
