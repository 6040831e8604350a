import NIOCore

/// How long a batch of events waits behind a costly one: publishers that had no turn meanwhile get one, and what they publish goes to
/// each stream in one write instead of many.
struct DeliveryPause {
    private var over: NIODeadline = .uptimeNanoseconds(0)

    /// 2 ms: what an event may wait at most. As long as the delivery before took, if that is shorter.
    static let longest = TimeAmount.milliseconds(2)
    /// 100 µs: to save less than that is not worth a timer.
    static let shortest = TimeAmount.microseconds(100)

    /// - Returns: when what arrives now may be delivered; `nil` for at once.
    func end(at now: NIODeadline) -> NIODeadline? { over > now ? over : nil }

    /// A batch was delivered.
    mutating func delivered(from began: NIODeadline, to ended: NIODeadline) {
        let took = ended - began
        over = took < Self.shortest ? ended : ended + min(took, Self.longest)
    }
}
