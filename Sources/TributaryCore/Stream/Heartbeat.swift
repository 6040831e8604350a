/// How often a silent stream hears from the hub, and in what form.
struct Heartbeat: Equatable, Sendable {
    let milliseconds: Int
    let isEvent: Bool

    /// Ticks of the shard's wheel.
    var ticks: UInt32 { UInt32(max(1, milliseconds / HeartbeatWheel.tickMilliseconds)) }

    /// When the next heartbeat is due after a write at `lastWrite`: up to a tenth early, so that streams that heard the
    /// same event do not all get their heartbeat in the same moment, and never late.
    func deadline(after lastWrite: UInt32) -> UInt32 {
        lastWrite &+ ticks - UInt32.random(in: 0...(ticks / 10))
    }
}
