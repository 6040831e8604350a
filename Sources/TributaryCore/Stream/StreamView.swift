import TributaryProtocol

/// A moment's view of a stream, for operators.
struct StreamView: Sendable {
    let id: ConnectionID
    let channels: ChannelSet
    /// `opening`, `live` or `behind`.
    let state: String
    /// How far it was handed the log; `nil` before it has begun.
    let position: LogPosition?
    /// Where in the log it began.
    let begunAt: LogPosition
    /// Where that is not all.
    let past: StreamPast?
    /// Channels that were added to it and are being replayed, and how far they have been.
    let replaying: (channels: ChannelSet, position: LogPosition)?
}

extension StreamView {
    /// What became of an event at `position` on a channel that is for the stream's user.
    func outcome(of position: LogPosition, on channel: Int) -> Explanation.Outcome {
        if past?.leftOut(position, of: channel) == true { return .leftOut }
        if past?.had(position, of: channel) == true { return .delivered }
        let isForgotten = past?.hasForgotten(position) == true
        guard channels.contains(ChannelSet(index: channel)) else { return isForgotten ? .unknown : .notForIt }
        if let replaying, replaying.channels.contains(ChannelSet(index: channel)), position > replaying.position {
            return .pending
        }
        guard let handed = self.position else { return .pending }
        if position <= past?.begin(of: channel) ?? begunAt { return isForgotten ? .unknown : .beforeItBegan }
        return position <= handed ? .delivered : .pending
    }
}

extension StreamSession {
    var view: StreamView {
        let (state, position): (String, LogPosition?) =
            switch self.state {
            case .opening: ("opening", nil)
            case .live: ("live", stream.position)
            case .behind: ("behind", handed)
            case .closed: ("closed", nil)
            }
        let replaying = reading.flatMap { reading in
            reading.addition.map { (channels: $0, position: reading.cursor.position ?? .start) }
        }
        return StreamView(
            id: connection, channels: channels, state: state, position: position, begunAt: begunAt, past: past,
            replaying: replaying)
    }

    /// It has got channels, with what stands behind this place.
    func noteBegin(of channels: ChannelSet, after place: LogPosition) {
        past = (past ?? StreamPast()).getting(channels, after: place)
    }

    /// It loses channels that it has.
    func noteEnd(of channels: ChannelSet) {
        guard state != .opening, !channels.isEmpty else { return }
        let place = state == .live ? stream.position : handed
        past = (past ?? StreamPast()).losing(channels, at: place, begunAt: begunAt)
    }

    /// It was told that it does not get what stands there.
    func noteLeftOut(_ channels: ChannelSet, after: LogPosition, through: LogPosition) {
        past = (past ?? StreamPast()).leavingOut(channels, after: after, through: through)
    }
}

extension LogCursor {
    /// `nil` for an id, which may stand anywhere.
    var position: LogPosition? { if case .position(let position) = self { position } else { nil } }
}
