import Glibc

extension Stage {
    /// Publishes for so long: the next message when one of those in flight has reached all its streams.
    func publishClosely(seconds: Double) throws {
        let deadline = Clock.now + seconds.nanoseconds
        var seen = deliveries
        var moved = Clock.now
        var sampled = moved
        while true {
            let now = Clock.now
            if now >= deadline { break }
            while generator.book.pointee.flight.count < plan.inFlight, publisher?.hasRoom == true { publishNext() }
            try turn(milliseconds: 20)
            if deliveries != seen {
                seen = deliveries
                moved = now
            } else if now - moved > 1_000_000_000 {
                // What has not come by now is lost; the measurement goes on without it.
                generator.book.pointee.flight.forget()
                moved = now
            }
            sample(now, &sampled)
        }
    }

    /// Publishes for so long at a rate, whatever arrives.
    ///
    /// - Parameter publish: publishes one message.
    func publishSteadily(seconds: Double, rate: Double, _ publish: () throws -> Void) throws {
        let began = Clock.now
        let deadline = began + seconds.nanoseconds
        var pace = Pace(rate: rate, from: began)
        var sampled = began
        while true {
            let now = Clock.now
            if now >= deadline { break }
            while pace.isDue(now), publisher?.hasRoom == true { try publish() }
            try turn(milliseconds: pace.milliseconds(from: Clock.now, until: deadline))
            sample(now, &sampled)
        }
    }

    private func sample(_ now: UInt64, _ sampled: inout UInt64) {
        guard now - sampled > 250_000_000 else { return }
        sampled = now
        notePeak()
        progress.say("\(Amount.short(Double(deliveries))) deliveries")
    }
}

/// When the next message of a steady rate is due.
struct Pace {
    private let interval: Double
    private let began: UInt64
    private var count = 0.0

    init(rate: Double, from began: UInt64) {
        interval = 1e9 / rate
        self.began = began
    }

    private var next: UInt64 { began + UInt64(count * interval) }

    /// Whether one is due; then the next is one interval later, however late this one is.
    mutating func isDue(_ now: UInt64) -> Bool {
        guard now >= next else { return false }
        count += 1
        return true
    }

    /// How long may be waited, in whole milliseconds.
    func milliseconds(from now: UInt64, until deadline: UInt64) -> Int32 {
        let wake = min(next, deadline)
        return wake <= now ? 0 : Int32(min((wake - now) / 1_000_000, 20))
    }
}
