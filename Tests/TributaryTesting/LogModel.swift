import TributaryProtocol

/// What a project's log should hold, worked out in the plainest way: a list of arrivals, searched from end to end.
struct LogModel: Sendable {
    struct Arrival: Sendable, Equatable {
        var channel: Channel
        var id: EventID
        var position: LogPosition
    }

    private(set) var arrivals: [Arrival] = []

    func contains(_ id: EventID) -> Bool { arrivals.contains { $0.id == id } }

    /// Where an event with this id goes that arrives now, and what it is told of those before it.
    func placement(_ id: EventID, in channel: Channel) -> Placement {
        let high = arrivals.map(\.id.rawValue).max() ?? 0
        let behind = arrivals.filter { $0.position.high == high && $0.position.late > 0 }.count
        let position =
            id.rawValue > high
            ? LogPosition(high: id.rawValue) : LogPosition(high: high, late: UInt64(behind) + 1)
        let previous = arrivals.lastIndex { $0.channel == channel }
        var newest: [Channel: EventID] = [:]
        for arrival in arrivals[(previous.map { $0 + 1 } ?? 0)...] { newest[arrival.channel] = arrival.id }
        return Placement(
            id: id, position: position, previous: previous.map { arrivals[$0].id },
            seen: newest.map { Placement.Seen(channel: $0.key.name, id: $0.value) }
        ).sorted
    }

    /// - Returns: the placement that the log should have given.
    mutating func add(_ id: EventID, in channel: Channel) -> Placement {
        let placement = placement(id, in: channel)
        arrivals.append(Arrival(channel: channel, id: id, position: placement.position))
        return placement
    }

    func arrivals(on channels: Set<Channel>, after id: EventID? = nil) -> [Arrival] {
        let start = id.flatMap { id in arrivals.firstIndex { $0.id == id } }.map { $0 + 1 } ?? 0
        return arrivals[start...].filter { channels.contains($0.channel) }
    }
}

extension Placement {
    /// With `seen` in the order of names, because its own means nothing, and without the epoch, which no model can know.
    var sorted: Placement {
        var placement = self
        placement.seen.sort { $0.channel < $1.channel }
        placement.epoch = 0
        return placement
    }
}
