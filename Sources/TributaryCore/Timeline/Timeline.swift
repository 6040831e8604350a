import TributaryProtocol

/// What a node has heard of a project's durable events, and so whether the next one leaves a hole.
///
/// Everything up to ``position`` on the channels that it knows has been passed on, in the log's order. An event passes on if the
/// log says that nothing stands between it and what went before: on its own channel (`prev`) and on every other (`seen`).
/// Decides only; lives on the relay's event loop.
struct Timeline {
    enum Verdict: Equatable {
        /// Nothing is missing: pass it on.
        case next
        /// It was passed on before.
        case seen
        /// Something before it is missing: read the log.
        case hole
    }

    /// The newest event of a channel.
    private struct Last {
        var id: UInt64 = 0
        var position = LogPosition.start
    }

    /// The log's epoch, 0 while none was seen.
    private(set) var epoch: UInt64 = 0
    private(set) var position = LogPosition.start
    /// Where the log itself last said that everything had been heard.
    private var agreed = LogPosition.start
    /// By the catalog's order; `nil` for a channel that the node does not follow.
    private var last: [Last?]
    private let channels: [Channel]

    init(channels: [Channel]) {
        self.channels = channels
        last = Array(repeating: nil, count: channels.count)
    }

    /// The channels whose newest event is known.
    var known: ChannelSet {
        last.indices.reduce(into: []) { set, index in if last[index] != nil { set.insert(ChannelSet(index: index)) } }
    }

    /// What to do with an event that the log has.
    func judge(_ placement: Placement, channel: Int) -> Verdict {
        // Of a channel whose history nobody has asked for yet, any event is the first.
        guard let own = last[channel] else { return .next }
        // Of another log than the one that was read: reading it shows which one is there now.
        guard !isOfAnotherLog(placement.epoch) else { return .hole }
        guard placement.position > own.position else { return .seen }
        guard placement.previous?.rawValue ?? 0 == own.id else { return .hole }
        for seen in placement.seen {
            guard let index = channels.firstIndex(where: { $0.name == seen.channel }), let other = last[index] else {
                continue
            }
            guard other.id == seen.id.rawValue else { return .hole }
        }
        return .next
    }

    /// Whether an epoch is not that of the log that was read; what is not known is taken for it.
    func isOfAnotherLog(_ epoch: UInt64) -> Bool { epoch != self.epoch && epoch != 0 && self.epoch != 0 }

    /// Whether an event has been passed on.
    func hasPassed(_ position: LogPosition, channel: Int) -> Bool {
        last[channel].map { position <= $0.position } ?? false
    }

    /// Notes that an event is passed on now. One of a channel that is not known yet says nothing of what came before it.
    mutating func pass(_ id: EventID, at position: LogPosition, in epoch: UInt64 = 0, channel: Int) {
        guard last[channel] != nil else { return }
        if self.epoch == 0 { self.epoch = epoch }
        last[channel] = Last(id: id.rawValue, position: position)
        self.position = max(self.position, position)
    }

    /// The log has been read up to here, on all channels that are known.
    mutating func advance(to position: LogPosition) {
        self.position = max(self.position, position)
    }

    /// The node does not follow these channels any more.
    mutating func forget(_ channels: ChannelSet) {
        for index in channels.indices { last[index] = nil }
    }

    // MARK: What the log says of itself

    enum Comparison: Equatable {
        /// Nothing was missed.
        case upToDate
        /// The log has events that were not heard: read it from ``position``.
        case behind
        /// It is another log than before: what was in the old one is gone.
        case reset
        /// The log has lost events that were heard, as after a failover to a replica that was behind; it may have others
        /// behind `since` that were not.
        case diverged(since: LogPosition)
    }

    /// Takes the log's word on channels that the node begins to follow, and compares it with what was heard on the others.
    mutating func begin(_ new: ChannelSet, with state: LogState) -> Comparison {
        if epoch != 0, state.epoch != epoch {
            for index in new.indices where last[index] == nil { last[index] = Last() }
            restart(with: state)
            return .reset
        }
        if epoch == 0, state.epoch != 0 { epoch = state.epoch }
        for index in new.indices where last[index] == nil {
            let channel = state.channels[channels[index]]
            last[index] = Last(id: channel?.last?.rawValue ?? 0, position: channel?.lastPosition ?? .start)
        }
        if hasLost(state) { return diverge(to: state) }
        let isBehind = last.indices.contains { index in
            guard let own = last[index], let there = state.channels[channels[index]]?.lastPosition else { return false }
            return there > own.position
        }
        guard !isBehind else { return .behind }
        position = max(position, state.head)
        agreed = state.head
        return .upToDate
    }

    /// Whether the log has not got what was heard of it.
    private func hasLost(_ state: LogState) -> Bool {
        last.indices.contains { index in
            guard let own = last[index], own.position > .start else { return false }
            return (state.channels[channels[index]]?.lastPosition ?? .start) < own.position
        }
    }

    /// Goes on from where the log is. What was heard keeps its place: whatever is published from now on stands behind it.
    private mutating func diverge(to state: LogState) -> Comparison {
        let since = agreed
        for index in last.indices where last[index] != nil {
            let channel = state.channels[channels[index]]
            last[index] = Last(id: channel?.last?.rawValue ?? 0, position: channel?.lastPosition ?? .start)
        }
        position = max(position, state.head)
        agreed = state.head
        return .diverged(since: since)
    }

    /// Takes over the log's newest ids once it has been read to its end, so that what it no longer had is not waited for.
    ///
    /// - Returns: false if it is another log than before.
    @discardableResult
    mutating func finish(with state: LogState) -> Bool {
        guard epoch == 0 || state.epoch == epoch else {
            restart(with: state)
            return false
        }
        epoch = state.epoch
        for index in last.indices {
            guard let own = last[index], let there = state.channels[channels[index]], let id = there.last,
                let position = there.lastPosition, position > own.position
            else { continue }
            last[index] = Last(id: id.rawValue, position: position)
        }
        position = max(position, state.head)
        agreed = state.head
        return true
    }

    /// Begins anew with a log of another epoch: everything in it is to be read.
    private mutating func restart(with state: LogState) {
        epoch = state.epoch
        position = .start
        agreed = .start
        for index in last.indices where last[index] != nil { last[index] = Last() }
    }
}
