import NIOConcurrencyHelpers
import NIOCore

/// The HTTP connections that no stream took over, so that a shutdown can end them. From any thread.
final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
        var whenEmpty: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())

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
            guard state.channels.isEmpty else { return [] }
            defer { state.whenEmpty = [] }
            return state.whenEmpty
        }
        for continuation in waiting { continuation.resume() }
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
                if !state.channels.isEmpty { state.whenEmpty.append(continuation) }
                return state.channels.isEmpty
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
