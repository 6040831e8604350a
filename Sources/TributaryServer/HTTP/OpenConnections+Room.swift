import NIOConcurrencyHelpers
import NIOCore

// Room for connections and for what they hold: `ConnectionRoom` decides who goes.
extension OpenConnections {
    /// Counts a socket from its accept on, until ``leave(_:)``.
    func enter() { state.withLockedValue { $0.room.enter() } }

    /// A channel has a socket that counts: until the channel is closed.
    func leave(with channel: any Channel) {
        let id = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { _ in self.leave(id) }
    }

    /// Whether one more may be accepted.
    ///
    /// - Parameter otherwise: called when that becomes true, if it isn't.
    func mayAccept(otherwise resume: @escaping @Sendable () -> Void) -> Bool {
        let (isFull, leaving) = state.withLockedValue { state -> (Bool, [any Channel]) in
            guard state.room.isFull else { return (false, []) }
            state.whenRoom.append(resume)
            return (true, state.makeRoom())
        }
        end(leaving)
        return !isFull
    }

    /// The connection waits for its client: it may have to go.
    func wait(_ channel: any Channel) {
        let leaving = state.withLockedValue { state -> [any Channel] in
            // A stream of HTTP/2 is none: its connection waits.
            guard state.channels[ObjectIdentifier(channel)] != nil else { return [] }
            state.room.wait(ObjectIdentifier(channel))
            return state.makeRoom()
        }
        end(leaving)
    }

    /// The connection is answering: it stays.
    func work(_ channel: any Channel) {
        state.withLockedValue { $0.room.work(ObjectIdentifier(channel)) }
    }

    /// What the connection holds of a request's body, 0 once that is answered.
    ///
    /// - Returns: false if there is no room for it.
    func hold(_ bytes: Int, _ channel: any Channel) -> Bool {
        let (isAllowed, leaving) = state.withLockedValue { state -> (Bool, (any Channel)?) in
            switch state.room.hold(bytes, ObjectIdentifier(channel)) {
            case .allowed: (true, nil)
            case .refused: (false, nil)
            case .instead(let id): (true, state.channels[id])
            }
        }
        leaving?.close(promise: nil)
        return isAllowed
    }

    /// A channel lets go of its socket, which counts until ``leave(_:)`` is called for what has it now.
    func handOver(_ channel: any Channel) {
        state.withLockedValue { _ = $0.handedOver.insert(ObjectIdentifier(channel)) }
    }

    /// A socket is closed.
    ///
    /// - Parameter id: of what had it; `nil` if nothing had.
    func leave(_ id: ObjectIdentifier?) {
        let resuming = state.withLockedValue { state -> [@Sendable () -> Void] in
            if let id, state.handedOver.remove(id) != nil { return [] }
            state.room.leave(id)
            guard !state.room.isFull else { return [] }
            defer { state.whenRoom = [] }
            return state.whenRoom
        }
        for resume in resuming { resume() }
    }

    /// Without a word: an answer would have to wait for clients who do not read it, and keep the connection for that long.
    private func end(_ channels: [any Channel]) {
        for channel in channels { channel.close(promise: nil) }
    }
}
