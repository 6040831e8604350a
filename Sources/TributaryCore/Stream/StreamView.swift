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
        return StreamView(id: connection, channels: channels, state: state, position: position, begunAt: begunAt)
    }
}
