import NIOCore

/// How long a batch of events waits behind a costly one: publishers that had no turn meanwhile get one, and what they publish goes to
/// each stream in one write instead of many.
struct DeliveryPause {
    private var over: NIODeadline = .uptimeNanoseconds(0)

    /// 2 ms: what an event waits at most on a loop that comes to its timers. As long as the delivery before took, if that is shorter.
    static let longest = TimeAmount.milliseconds(2)
    /// 1 ms, a few hundred streams: a loop that many clients come to at once gets to its timers late, and for less than that an event
    /// is not held up.
    static let shortest = TimeAmount.milliseconds(1)

    /// - Returns: when what arrives now may be delivered; `nil` for at once.
    func end(at now: NIODeadline) -> NIODeadline? { over > now ? over : nil }

    /// A batch was delivered.
    mutating func delivered(from began: NIODeadline, to ended: NIODeadline) {
        let took = ended - began
        over = took < Self.shortest ? ended : ended + min(took, Self.longest)
    }
}
