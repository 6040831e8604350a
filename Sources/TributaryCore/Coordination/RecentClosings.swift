import DequeModule
import TributaryProtocol

/// The streams that ended lately, for whoever asks why. Lives on its registrar's event loop.
struct RecentClosings {
    struct Closing {
        let id: ConnectionID
        let owner: StreamOwner
        let channels: [String]
        let reason: StreamCloseReason
        let position: LogPosition?
        let closedAt: Instant
    }

    /// 2,048: some minutes of a busy node, in less than a megabyte.
    private static let limit = 2_048

    private var closings: Deque<Closing> = []

    mutating func note(_ place: Place, _ reason: StreamCloseReason, position: LogPosition?, channels: [String]) {
        if closings.count == Self.limit { closings.removeFirst() }
        closings.append(
            Closing(
                id: place.id, owner: place.owner, channels: channels, reason: reason, position: position,
                closedAt: .now
            )
        )
    }

    /// The newest first.
    func of(_ owner: StreamOwner) -> [Closing] { closings.reversed().filter { $0.owner == owner } }
}
