import NIOCore
import TributaryProtocol

/// Ends streams with their time, asks again for those that are due, and gives them more.
extension Shard {
    /// What limits the time of a stream that opens now.
    func term(of lease: StreamLease) -> StreamTerm? {
        let lastTick = configuration.maximumStreamAgeMilliseconds.map { milliseconds in
            let ticks = UInt32(max(1, milliseconds / HeartbeatWheel.tickMilliseconds))
            // ±10 %: streams that opened together do not end together.
            return tick + UInt32.random(in: ticks - ticks / 10...ticks + ticks / 10)
        }
        return StreamTerm(lease, lastTick: lastTick, now: clock())
    }

    /// Does what is due by the stream's term.
    ///
    /// - Returns: false if the stream is not open any more.
    func keepsTerm(_ session: StreamSession) -> Bool {
        guard let term = session.term else { return session.state != .closed }
        switch term.step(now: clock(), tick: tick) {
        case .nothing: break
        case .ask(let review, let number): ask(review, number, about: session)
        case .end(let reason): close(session, reason)
        }
        return session.state != .closed
    }

    private func ask(_ review: StreamLease.Review, _ number: UInt32, about session: StreamSession) {
        let (id, channels) = (session.connection, session.wanted)
        inquire(review, channels).assumeIsolated().whenSuccess { renewal in
            self.apply(renewal, to: id, number, asked: channels)
        }
    }

    private func apply(_ renewal: StreamLease.Renewal, to id: ConnectionID, _ number: UInt32, asked: ChannelSet) {
        guard let session = session(id), let term = session.term else { return }
        switch term.answer(renewal, to: number, now: clock()) {
        case .isOutdated: break
        case .ends(let reason): close(session, reason)
        case .goesOn(let channels):
            withdraw(asked.subtracting(channels), from: session)
            if session.state != .closed { scheduleLook(at: session) }
        }
    }

    /// The stream's user has shown a new credential.
    ///
    /// - Returns: false if the stream is not open any more.
    func renew(_ id: ConnectionID, _ renewal: StreamRenewal) -> Bool {
        guard let session = session(id) else { return false }
        let term = session.term ?? StreamTerm()
        term.renew(renewal, now: clock())
        session.term = term
        withdraw(renewal.removing, from: session)
        guard session.state != .closed else { return false }
        scheduleLook(at: session)
        return true
    }

    /// Takes channels from a stream that its user may not read any more; one that has no other ends.
    private func withdraw(_ channels: ChannelSet, from session: StreamSession) {
        let removed = channels.intersection(session.wanted)
        guard !removed.isEmpty else { return }
        guard removed != session.wanted else { return close(session, .revoked) }
        _ = change(session.connection, ChannelChange(removing: removed))
    }
}
