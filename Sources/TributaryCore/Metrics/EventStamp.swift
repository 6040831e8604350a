/// When events were published that came one after the other, by their publisher's clock.
struct EventStamp: Equatable, Sendable {
    /// Since 1970.
    let milliseconds: UInt64
    var count: Int
}

extension [EventStamp] {
    /// Adds an event. Those of one batch mostly say the same millisecond.
    mutating func note(_ milliseconds: UInt64) {
        if let last = indices.last, self[last].milliseconds == milliseconds {
            self[last].count += 1
        } else {
            append(EventStamp(milliseconds: milliseconds, count: 1))
        }
    }
}
