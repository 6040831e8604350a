import TributaryProtocol

/// One project's log: what it holds, and where the next event goes. No clock, no I/O: it is told the time, in
/// microseconds since 1970, and whoever asks it acts on the answer.
///
/// Channels are indices into the catalog.
package struct ProjectLog: Sendable {
    /// Who assigns a project's ids. The first durable event decides.
    package enum Owner: String, Sendable {
        case hub
        case publisher
    }

    /// What is to be done with a durable event.
    package enum Verdict: Equatable, Sendable {
        case append(Placement)
        /// The log has it, here.
        case duplicate(LogPosition)
        case ownerMismatch
        /// No id is left above the highest one.
        case exhausted
    }

    package private(set) var owner: Owner?
    /// When the first event came; 0 before it.
    package private(set) var epoch: UInt64 = 0
    package private(set) var origin: EventID?
    package private(set) var head = LogPosition.start
    /// When the newest event came.
    package private(set) var appendedAt: UInt64 = 0
    /// An event has come through the relay alone: from now on, what nobody hears may be missing.
    package private(set) var isBypassed = false
    package var channels: [ChannelLog]
    package var dedupe = DedupeTable()
    /// Where the events stand whose ids came late, as far as they are kept.
    package var late: [EventID: LogPosition] = [:]

    package let catalog: Catalog

    package init(catalog: Catalog) {
        self.catalog = catalog
        channels = catalog.retention.map { ChannelLog(retention: $0) }
    }

    /// A log that was kept elsewhere; its entries follow by ``restore(_:in:)``. Which way they came, nobody remembers.
    package init(
        catalog: Catalog, owner: Owner?, epoch: UInt64, origin: EventID?, head: LogPosition, appendedAt: UInt64
    ) {
        self.init(catalog: catalog)
        self.owner = owner
        self.epoch = epoch
        self.origin = origin
        self.head = head
        self.appendedAt = appendedAt
        isBypassed = owner == .publisher
    }

    /// Where a durable event goes that arrives now. Changes nothing: ``append(_:in:envelope:now:)`` does.
    ///
    /// - Parameter id: the publisher's own, or `nil` for one of the hub's.
    package func place(_ id: EventID?, in channel: Int, now: UInt64) -> Verdict {
        guard let id else {
            guard owner != .publisher else { return .ownerMismatch }
            guard let next = EventID(max(head.high + 1, now)) else { return .exhausted }
            return .append(placement(next, at: LogPosition(high: next.rawValue), in: channel, now: now))
        }
        guard owner != .hub else { return .ownerMismatch }
        if id.rawValue > head.high {
            return .append(placement(id, at: LogPosition(high: id.rawValue), in: channel, now: now))
        }
        if let position = position(of: id) { return .duplicate(position) }
        // What is older than all that is kept may have been here before, and nobody can tell.
        if let floor = channels[channel].floor, id.rawValue <= floor.high { return .duplicate(floor) }
        return .append(placement(id, at: LogPosition(high: head.high, late: head.late + 1), in: channel, now: now))
    }

    /// Where an event stands, if it is kept.
    package func position(of id: EventID) -> LogPosition? {
        if let position = late[id] { return position }
        let inOrder = LogPosition(high: id.rawValue)
        return channels.contains { $0.contains(inOrder) } ? inOrder : nil
    }

    private func placement(_ id: EventID, at position: LogPosition, in channel: Int, now: UInt64) -> Placement {
        let previous = channels[channel]
        let seen = channels.indices.compactMap { other -> Placement.Seen? in
            guard other != channel, let last = channels[other].last,
                channels[other].lastPosition > previous.lastPosition
            else { return nil }
            return Placement.Seen(channel: catalog.channels[other].name, id: last)
        }
        return Placement(
            id: id, position: position, previous: previous.last, seen: seen, epoch: owner == nil ? max(now, 1) : epoch)
    }

    /// Notes that an event came through the relay alone.
    package mutating func noteBypass() { isBypassed = true }

    /// Takes an event, at the place that ``place(_:in:now:)`` gave it just before.
    package mutating func append(_ entry: LogEntry, in channel: Int, owner: Owner, now: UInt64) {
        if self.owner == nil {
            self.owner = owner
            epoch = max(now, 1)
        }
        origin = min(origin ?? entry.id, entry.id)
        head = entry.position
        appendedAt = now
        restore(entry, in: channel)
        trim(channel, now: now)
    }

    /// Takes back an entry that was kept elsewhere, in the order of its positions.
    package mutating func restore(_ entry: LogEntry, in channel: Int) {
        if entry.position.late > 0 { late[entry.id] = entry.position }
        channels[channel].append(entry)
    }
}
