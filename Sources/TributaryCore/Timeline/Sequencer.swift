import DequeModule
import Logging
import NIOCore
import TributaryProtocol

/// Brings a project's events into the log's order: passes on what comes in turn, and where something is missing holds the rest,
/// reads the log, and then goes on.
///
/// One request to the log at a time. Lives on the relay's event loop.
final class Sequencer {
    struct Held {
        let channel: Int
        /// Of an event that a log has or should have.
        let id: EventID?
        let payload: ByteBuffer
        let isBroadcast: Bool
        /// What the log said of an event that came without its word.
        var outcome: RecordOutcome?
        /// The log was read for its sake already.
        var isRetried = false
        /// Since it came the log began anew; it may be of the old one, and belongs nowhere then.
        var isOrphan = false
    }

    var timeline: Timeline
    unowned let project: ProjectRoute
    unowned let output: any SequencerOutput
    let catalog: Catalog
    let log: any EventLog
    let relay: any Relay
    let limits: Limits

    /// Events that wait for the log.
    var held: Deque<Held> = []
    var heldBytes = 0
    /// How many were held before the first one that still is.
    var heldBefore = 0
    var heldSince: NIODeadline?
    var hasDropped = false
    var hasDroppedUnlogged = false
    /// Channels to ask the log about.
    var joining: ChannelSet = []
    /// The relay has a new connection: everything is to be asked anew.
    var isStale = false
    /// The relay is away.
    var isSuspended = false
    var needsFill = false
    /// The log may have begun since it was last asked, so that its epoch is not known.
    var needsEpoch = false
    /// A request is on its way, or its retry is scheduled.
    var isBusy = false
    var failures = 0
    /// What the streams know to be trimmed.
    var toldFloors = ToldFloors()
    /// The log cannot be asked (for good, or for too long): what no log has passes as it comes, and what the log has either
    /// comes from it later, or, if it refuses for good, passes as well.
    var isBlind = false
    /// The log says no, and will say so again.
    var isRefused = false

    struct Limits {
        /// Bytes of held events: as much as a tail.
        var heldBytes = 1 << 20
        /// Held events.
        var heldEvents = 10_000
        /// 10 s: a log that is away longer keeps nobody from live events.
        var patience = TimeAmount.seconds(10)
        /// Events of one page.
        var page = 256
    }

    init(
        _ project: ProjectRoute, catalog: Catalog, log: any EventLog, relay: any Relay, limits: Limits,
        output: any SequencerOutput
    ) {
        self.project = project
        self.catalog = catalog
        self.log = log
        self.relay = relay
        self.limits = limits
        self.output = output
        timeline = Timeline(channels: catalog.channels)
    }

    /// Channels whose streams may begin; `nil` while something waits for the log.
    var settledChannels: ChannelSet? {
        if isRefused { return timeline.known.union(joining) }
        return isWaiting || !held.isEmpty ? nil : timeline.known
    }

    // MARK: Channels come and go

    /// The relay has confirmed these channels: finds out where the log stands, and says `settled` once all is read.
    func join(_ channels: ChannelSet) {
        joining.formUnion(channels.subtracting(timeline.known))
        step()
    }

    /// The node listens to these channels no more.
    func leave(_ channels: ChannelSet) {
        joining.subtract(channels)
        timeline.forget(channels)
        log.leave(channels.indices.map { catalog.channels[$0] }, of: project.id, as: relay.session)
    }

    /// The relay is gone. What it brings before it says that it is back waits until the log was asked.
    func suspend() { isSuspended = true }

    /// The relay was away, and is back with these channels: reads what it did not bring.
    func resynchronize(_ channels: ChannelSet) {
        joining.formUnion(channels.subtracting(timeline.known))
        isSuspended = false
        isStale = true
        // Patience is for the log, not for the relay.
        heldSince = held.isEmpty ? nil : relay.eventLoop.now
        step()
    }

    /// The log may have begun anew: asks it.
    func refresh() {
        needsEpoch = true
        step()
    }

    // MARK: Events

    func receive(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, channel: Int) {
        guard held.isEmpty, !isWaiting else { return hold(envelope, payload, channel: channel) }
        guard !handle(envelope, payload, channel: channel) else {
            if needsEpoch { step() }
            return
        }
        hold(envelope, payload, channel: channel)
        step()
    }

    /// A broadcast has no id, and keeps its place among the project's events.
    func receiveBroadcast(_ envelope: Envelope, _ payload: UnsafeRawBufferPointer, channel: Int) {
        guard held.isEmpty, !isWaiting else {
            return hold(envelope, payload, channel: channel, isBroadcast: true)
        }
        let data = UnsafeRawBufferPointer(rebasing: payload[envelope.data])
        output.pass(envelope, data, id: nil, position: nil, of: project, channel: channel)
    }

    var isWaiting: Bool {
        !isBlind && (isBusy || isSuspended || !joining.isEmpty || isStale || needsEpoch || needsFill)
    }

    func hold(
        _ envelope: Envelope, _ payload: UnsafeRawBufferPointer, channel: Int, isBroadcast: Bool = false
    ) {
        if heldBytes + payload.count > limits.heldBytes || held.count >= limits.heldEvents { overflow() }
        let id = isBroadcast ? nil : usableID(of: envelope, channel: channel)
        held.append(Held(channel: channel, id: id, payload: ByteBuffer(bytes: payload), isBroadcast: isBroadcast))
        heldBytes += payload.count
        heldSince = heldSince ?? relay.eventLoop.now
    }

    /// Drops what is held: what the log has is read from it later, and the rest is told.
    func overflow() {
        hasDropped = true
        output.dropped(held.count { $0.id == nil })
        for item in held where item.outcome == nil && item.id != nil {
            item.payload.withUnsafeReadableBytes { bytes in
                guard let envelope = try? Envelope.scan(bytes) else { return }
                if envelope.placement == nil, item.id != nil { hasDroppedUnlogged = true }
            }
        }
        heldBefore += held.count
        held.removeAll()
        heldBytes = 0
        needsFill = true
    }

    /// The id of an event that a log has or should have. The log's own word counts before this node's catalog, which may be of
    /// another revision.
    func usableID(of envelope: Envelope, channel: Int) -> EventID? {
        guard let id = envelope.id else { return nil }
        return envelope.placement != nil || catalog.isDurable(envelope.event, in: channel) ? id : nil
    }

    /// - Returns: false if the event has to wait for the log.
    func handle(
        _ envelope: Envelope, _ payload: UnsafeRawBufferPointer, channel: Int, held item: Held? = nil
    ) -> Bool {
        func pass(_ id: EventID?, _ position: LogPosition?, in epoch: UInt64 = 0) {
            if let id, let position {
                timeline.pass(id, at: position, in: epoch, channel: channel)
                if timeline.epoch == 0, !isBlind { needsEpoch = true }
            }
            let data = UnsafeRawBufferPointer(rebasing: payload[envelope.data])
            output.pass(envelope, data, id: id, position: position, of: project, channel: channel)
        }
        guard item?.isBroadcast != true, let id = usableID(of: envelope, channel: channel) else {
            pass(nil, nil)
            return true
        }
        if let placement = envelope.placement {
            guard !isBlind || isRefused else {
                // The log has it, and will be read when it is back.
                needsFill = true
                return true
            }
            return handle(placement, held: item, channel: channel) {
                pass(id, placement.position, in: placement.epoch)
            }
        }
        guard !isBlind else {
            // No log has it, so the id is worth nothing to who comes back with it.
            output.count("not_logged", of: project, channel: channel)
            pass(nil, nil)
            return true
        }
        switch item?.outcome {
        case nil: return false
        case .appended(let placement):
            return handle(placement, held: item, channel: channel) {
                pass(id, placement.position, in: placement.epoch)
            }
        case .duplicate(let position, let epoch):
            // A log that began anew gives the places of the old one again.
            let isOfAnotherLog = timeline.isOfAnotherLog(epoch)
            if !isOfAnotherLog, timeline.hasPassed(position, channel: channel) { return true }
            guard item?.isRetried == true else {
                needsFill = true
                return false
            }
            if !isOfAnotherLog { pass(id, position, in: epoch) }
            return true
        case .ownerMismatch:
            output.count(Self.ownerMismatch, of: project, channel: channel)
            pass(nil, nil)
            return true
        }
    }

    static let ownerMismatch = "timeline_owner_mismatch"

    func handle(_ placement: Placement, held item: Held?, channel: Int, pass: () -> Void) -> Bool {
        let isRetried = item?.isRetried == true
        // The log that was read says that there is another one now.
        if isRetried, placement.epoch != 0, placement.epoch != timeline.epoch { return true }
        switch isBlind || isRetried && item?.isOrphan != true ? .next : timeline.judge(placement, channel: channel) {
        case .next:
            // After a read that did not bring it: the log has lost it, and it is here all the same.
            if !timeline.hasPassed(placement.position, channel: channel) { pass() }
            return true
        case .seen: return true
        case .hole:
            guard !isRetried else { return true }
            needsFill = true
            return false
        }
    }
}
