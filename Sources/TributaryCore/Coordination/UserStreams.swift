import TributaryProtocol

/// The streams of one user in one project, and which of them lose their place. No clock, no I/O: it is told the time, in
/// microseconds since 1970, and whoever asks it acts on the answer.
package struct UserStreams: Sendable {
    private var entries: [ConnectionID: RegisteredStream] = [:]
    private var instances: [ClientInstanceID: ConnectionID] = [:]
    /// How long a stream is believed without a refresh.
    private let lifetime: UInt64
    /// No stream was refreshed before this: what has expired is looked for only when there may be something.
    private var earliestRefresh = UInt64.max
    /// No stream connected or was refreshed after this.
    private var latest: UInt64 = 0

    /// - Parameter lifetime: how long a stream is believed without a refresh, in microseconds.
    package init(lifetime: UInt64) {
        self.lifetime = lifetime
    }

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }

    /// As ``ConnectionRegistry/register(_:limit:)``.
    package mutating func register(_ stream: RegisteredStream, limit: StreamLimit, now: UInt64) -> Registration {
        sweep(now: now)
        let older = stream.instance.flatMap { instances[$0] }.flatMap { $0 == stream.id ? nil : $0 }
        let others = entries.count - (older == nil ? 0 : 1) - (entries[stream.id] == nil ? 0 : 1)
        if limit.policy == .reject, let maximum = limit.maximum, others >= maximum {
            return .rejected(current: entries.count)
        }
        var displaced: [Displacement] = []
        if let older { displace(older, .replaced, &displaced) }
        remove(stream.id)
        let connectedAt = max(now, latest + 1)
        enter(stream, connectedAt: connectedAt, refreshedAt: connectedAt)
        if let maximum = limit.maximum {
            evict(others + 1 - maximum, keeping: stream.id, silentBefore: Self.silence(now, lifetime), &displaced)
        }
        return .accepted(connectedAt: connectedAt, displaced: displaced)
    }

    /// As ``ConnectionRegistry/refresh(_:)``, for this user.
    package mutating func refresh(
        _ streams: [RegisteredStream], limit: StreamLimit, now: UInt64
    ) -> [Displacement] {
        sweep(now: now)
        var displaced: [Displacement] = []
        var hasEntered = false
        for stream in streams {
            if let entry = entries[stream.id] {
                renew(stream, connectedAt: entry.connectedAt, now: max(now, entry.refreshedAt))
            } else if hasNewer(of: stream) {
                displaced.append(Displacement(id: stream.id, node: stream.node, reason: .replaced))
            } else {
                if let older = stream.instance.flatMap({ instances[$0] }) { displace(older, .replaced, &displaced) }
                enter(stream, connectedAt: stream.connectedAt, refreshedAt: max(now, stream.connectedAt))
                hasEntered = true
            }
        }
        if hasEntered, limit.policy == .evict, let maximum = limit.maximum {
            evict(entries.count - maximum, keeping: nil, silentBefore: 0, &displaced)
        }
        return displaced
    }

    package mutating func remove(_ id: ConnectionID) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        if let instance = entry.instance, instances[instance] == id { instances[instance] = nil }
    }

    /// Takes out what has expired.
    package mutating func sweep(now: UInt64) {
        let limit = now > lifetime ? now - lifetime : 0
        guard earliestRefresh <= limit else { return }
        for entry in entries.values where entry.refreshedAt <= limit { remove(entry.id) }
        earliestRefresh = entries.values.map(\.refreshedAt).min() ?? .max
    }

    /// Those that have not expired, the oldest first.
    package func streams(now: UInt64) -> [RegisteredStream] {
        entries.values.filter { $0.refreshedAt + lifetime > now }
            .sorted { ($0.connectedAt, $0.id.description) < ($1.connectedAt, $1.id.description) }
    }

    // MARK: -

    /// Whether the client instance has a stream that did not connect before this one.
    private func hasNewer(of stream: RegisteredStream) -> Bool {
        guard let id = stream.instance.flatMap({ instances[$0] }), let entry = entries[id] else { return false }
        return entry.connectedAt >= stream.connectedAt
    }

    private mutating func enter(_ stream: RegisteredStream, connectedAt: UInt64, refreshedAt: UInt64) {
        if let instance = stream.instance { instances[instance] = stream.id }
        renew(stream, connectedAt: connectedAt, now: refreshedAt)
    }

    private mutating func renew(_ stream: RegisteredStream, connectedAt: UInt64, now: UInt64) {
        var entry = stream
        entry.connectedAt = connectedAt
        entry.refreshedAt = now
        entries[stream.id] = entry
        earliestRefresh = min(earliestRefresh, now)
        latest = max(latest, connectedAt, now)
    }

    /// Two fifths of its lifetime: a stream that is refreshed every third of it and was not heard of for so long has missed a
    /// refresh. What is within says when its node's turn was, and nothing of the stream.
    private static func silence(_ now: UInt64, _ lifetime: UInt64) -> UInt64 {
        let silence = lifetime / 5 * 2
        return now > silence ? now - silence : 0
    }

    /// Takes out `excess` streams: of those that were refreshed before `silentBefore` the longest silent ones, then those that
    /// connected earliest.
    private mutating func evict(
        _ excess: Int, keeping kept: ConnectionID?, silentBefore: UInt64, _ displaced: inout [Displacement]
    ) {
        guard excess > 0 else { return }
        func rank(_ stream: RegisteredStream) -> (UInt64, UInt64, String) {
            (min(stream.refreshedAt, silentBefore), stream.connectedAt, stream.id.description)
        }
        let order = entries.values.filter { $0.id != kept }.sorted { rank($0) < rank($1) }
        for entry in order.prefix(excess) { displace(entry.id, .evicted, &displaced) }
    }

    private mutating func displace(
        _ id: ConnectionID, _ reason: Displacement.Reason, _ displaced: inout [Displacement]
    ) {
        guard let entry = entries[id] else { return }
        displaced.append(Displacement(id: id, node: entry.node, reason: reason))
        remove(id)
    }
}
