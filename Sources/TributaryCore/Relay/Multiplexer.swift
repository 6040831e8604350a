import DequeModule
import TributaryProtocol

/// Decides when the node subscribes to a topic and when it unsubscribes: the first listener subscribes, the last one's
/// leaving unsubscribes after a linger, and who comes back in between costs nothing.
///
/// Time is in milliseconds of any monotonic clock. Lives on the relay's event loop.
struct Multiplexer {
    enum Action: Equatable {
        case subscribe
        case nothing
    }

    private struct Entry {
        var listeners: Int
        /// Counts the times that nobody listened, so that a deadline of an earlier time does not end a later one.
        var generation: UInt64
    }

    private let linger: UInt64
    private var entries: [Topic: Entry] = [:]
    private var lingering: Deque<(topic: Topic, generation: UInt64, deadline: UInt64)> = []

    /// - Parameter linger: in milliseconds.
    init(linger: UInt64) {
        self.linger = linger
    }

    /// How many topics the relay has been asked for.
    var count: Int { entries.count }

    /// One more listener.
    mutating func retain(_ topic: Topic) -> Action {
        guard entries[topic] == nil else {
            entries[topic]?.listeners += 1
            return .nothing
        }
        entries[topic] = Entry(listeners: 1, generation: 0)
        return .subscribe
    }

    /// One listener less; with the last one the linger begins.
    mutating func release(_ topic: Topic, now: UInt64) {
        guard var entry = entries[topic], entry.listeners > 0 else { return }
        entry.listeners -= 1
        if entry.listeners == 0 {
            entry.generation += 1
            lingering.append((topic, entry.generation, now + linger))
        }
        entries[topic] = entry
    }

    /// The topics whose linger is over, to be unsubscribed.
    mutating func expire(now: UInt64) -> [Topic] {
        var expired: [Topic] = []
        while let next = lingering.first, next.deadline <= now {
            lingering.removeFirst()
            guard let entry = entries[next.topic], entry.listeners == 0, entry.generation == next.generation else {
                continue
            }
            entries[next.topic] = nil
            expired.append(next.topic)
        }
        return expired
    }

    /// Whether any topic waits for its linger to end.
    var isLingering: Bool { !lingering.isEmpty }
}
