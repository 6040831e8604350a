/// A timer wheel for the heartbeats of one event loop: each stream is looked at when its heartbeat, or its term, may be
/// due, not with each event. Lives on its shard's event loop.
struct HeartbeatWheel {
    /// 250 ms: fine enough for heartbeats of 5 s, coarse enough to cost nothing.
    static let tickMilliseconds = 250

    /// 60 s, the longest heartbeat, fits in one turn.
    private static let slotCount = 256
    /// How far ahead something can be scheduled.
    static let turnTicks = slotCount - 1

    private(set) var now: UInt32 = 0
    private var slots = [[StreamSession]](repeating: [], count: slotCount)

    /// Looks at `session` again at `deadline`, which lies less than one turn ahead.
    mutating func schedule(_ session: StreamSession, at deadline: UInt32) {
        let slot = Int(max(deadline, now &+ 1)) % Self.slotCount
        session.wheelPlace = (Int32(slot), Int32(slots[slot].count))
        slots[slot].append(session)
    }

    /// Takes out a session that is closed, so that it does not stay in memory until its turn.
    mutating func remove(_ session: StreamSession) {
        guard let (slot, index) = session.wheelPlace else { return }
        session.wheelPlace = nil
        let moved = slots[Int(slot)].removeLast()
        guard moved !== session else { return }
        slots[Int(slot)][Int(index)] = moved
        moved.wheelPlace = (slot, index)
    }

    /// Goes on by one tick.
    ///
    /// - Returns: the sessions to look at now; they are on the wheel no more.
    mutating func advance() -> [StreamSession] {
        now &+= 1
        let slot = Int(now) % Self.slotCount
        let due = slots[slot]
        slots[slot] = []
        for session in due { session.wheelPlace = nil }
        return due
    }
}
