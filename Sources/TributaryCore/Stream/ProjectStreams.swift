import NIOCore
import TributaryProtocol

/// The streams of one project on one event loop, their tail and their figures. Lives on its shard's event loop.
final class ProjectStreams {
    let project: ProjectID
    unowned let shard: Shard
    private(set) var map = SubscriptionMap()
    private(set) var tail: Tail
    private(set) var counters = StreamCounters()
    /// The highest id that the node has seen.
    var latest: EventID?
    /// Channels whose subscription the relay has confirmed.
    private var confirmed: ChannelSet = []
    private var opening: [StreamSession] = []
    /// Streams that are not at the tail's end.
    private var behindCount = 0

    init(_ project: ProjectID, shard: Shard) {
        self.project = project
        self.shard = shard
        tail = Tail(byteLimit: shard.configuration.tailBytes, frameLimit: shard.configuration.tailEvents)
    }

    // MARK: Streams come and go

    /// Adds a stream, which begins when all its channels are confirmed.
    ///
    /// - Returns: the channels to ask the relay for.
    func add(_ session: StreamSession) -> ChannelSet {
        counters.opened += 1
        let first = map.insert(session)
        if session.channels.isSubset(of: confirmed) {
            begin(session)
        } else {
            opening.append(session)
        }
        return first
    }

    /// The relay has confirmed, or cannot now: streams that waited for these channels begin.
    func confirm(_ channels: ChannelSet, latest newest: EventID?) {
        latest = .max(latest, newest)
        confirmed.formUnion(channels.intersection(map.channels))
        let ready = opening.filter { $0.channels.isSubset(of: confirmed) }
        opening.removeAll { $0.channels.isSubset(of: confirmed) }
        for session in ready { begin(session) }
    }

    private func begin(_ session: StreamSession) {
        let recovered: Bool
        var missing: (from: UInt64, to: UInt64?)?
        switch session.cursor {
        case .live: recovered = true
        case .after(let id):
            recovered = latest?.rawValue == id
            // From the future, or from before the node's time: only what lies between is certain.
            missing = (id + 1, latest.flatMap { $0.rawValue > id ? $0.rawValue : nil })
        case .unreadable: recovered = false
        }
        var first = shard.frames.connected(session, latest: latest, recovered: recovered)
        if !recovered {
            first.writeImmutableBuffer(shard.frames.gap(project, session.channels, .cursorNotFound, missing: missing))
        }
        session.begin(with: first)
        shard.scheduleHeartbeat(of: session)
    }

    /// Takes a closed stream out.
    func remove(_ session: StreamSession, reason: StreamCloseReason, wasBehind: Bool, wasOpening: Bool) {
        if wasOpening { opening.removeAll { $0 === session } }
        counters.closed[reason, default: 0] += 1
        let last = map.remove(session)
        confirmed.subtract(last)
        if wasBehind { leaveBehind(session) }
        shard.sessionClosed(session, released: last)
    }

    // MARK: Events

    /// Passes on what arrived in one relay batch: one write and one flush for each stream that is at the end.
    func append(_ segments: [Segment]) {
        let end = tail.end + segments.count
        let recipients = segments.reduce(into: Set<UserID>()) { $0.formUnion($1.recipients) }
        for group in map.groups {
            var selection = Selection()
            for segment in segments { selection.add(segment, channels: group.channels, user: nil) }
            guard !selection.isEmpty else { continue }
            var taken = 0
            for session in group.sessions
            where session.state == .live && (recipients.isEmpty || !recipients.contains(session.user)) {
                if session.deliver(selection, end: end) { taken += 1 }
            }
            count(selection.deliveries, times: taken)
        }
        for user in recipients {
            for session in map.sessions(of: user) where session.state == .live {
                var selection = Selection()
                for segment in segments { selection.add(segment, channels: session.channels, user: user) }
                if !selection.isEmpty, session.deliver(selection, end: end) { count(selection.deliveries) }
            }
        }
        // Streams that fell behind just now were handed all of it; only those that were behind before will read it here.
        tail.append(segments, isNeeded: behindCount > 0)
    }

    /// Tells every stream that something of its channels was lost on the way to this node.
    func tellGap(_ reason: GapReason) {
        var builder = SegmentBuilder()
        for group in map.groups {
            let frame = shard.frames.gap(project, group.channels, reason)
            builder.append(for: .streams(group.channels)) { $0.writeImmutableBuffer(frame) }
        }
        append(builder.seal())
    }

    func gapFrame(_ channels: ChannelSet, reason: GapReason) -> ByteBuffer {
        shard.frames.gap(project, channels, reason)
    }

    // MARK: Slow streams

    func sessionFellBehind(_ session: StreamSession) {
        behindCount += 1
        shard.slow[ObjectIdentifier(session)] = session
    }

    func sessionCaughtUp(_ session: StreamSession) { leaveBehind(session) }

    private func leaveBehind(_ session: StreamSession) {
        behindCount -= 1
        shard.slow[ObjectIdentifier(session)] = nil
        if behindCount == 0 { tail.clear() }
    }

    // MARK: Figures

    /// Counts what sockets have taken.
    func count(_ deliveries: [Delivery], times: Int = 1) {
        guard times > 0 else { return }
        for delivery in deliveries { counters.delivered.add(delivery, times: times) }
    }
}

extension Optional where Wrapped == EventID {
    /// `max`, with `nil` below everything.
    static func max(_ left: EventID?, _ right: EventID?) -> EventID? {
        guard let left, let right else { return left ?? right }
        return Swift.max(left, right)
    }
}
