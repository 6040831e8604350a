import struct NIOCore.ByteBuffer
import TributaryProtocol

/// Decides which events of a publisher are sent, wait, or are tried again. It sends nothing itself.
///
/// Events of one project and channel form a lane: one of them is on its way at a time, in the order of their coming, so that
/// a retry overtakes nobody and is overtaken by nobody. Lanes know nothing of each other.
struct Outbox {
    /// What names an event while it is in the outbox.
    typealias Ticket = UInt64

    enum Entrance: Equatable {
        /// The event is to be sent now.
        case send
        /// Its turn comes.
        case wait
    }

    /// There is no room for the event.
    struct Full: Error, Equatable {
        var events: Int
        var bytes: Int
    }

    private struct Entry {
        let ticket: Ticket
        let event: Event
    }

    private struct Lane {
        /// The first one is on its way.
        var entries: [Entry] = []
        var backoff: Backoff
    }

    private let configuration: OutboxConfiguration
    private var lanes: [Topic: Lane] = [:]
    private var topics: [Ticket: Topic] = [:]
    private var lastTicket: Ticket = 0
    private(set) var bytes = 0

    init(_ configuration: OutboxConfiguration) {
        self.configuration = configuration
    }

    /// How many events are in it.
    var count: Int { topics.count }

    /// What is in it, by the order of coming.
    var events: [Event] {
        lanes.values.flatMap(\.entries).sorted { $0.ticket < $1.ticket }.map(\.event)
    }

    /// - Throws: ``Full``; nothing changed then.
    mutating func enter(_ event: Event) throws(Full) -> (ticket: Ticket, entrance: Entrance) {
        let size = event.data.readableBytes
        guard count < configuration.events, size <= configuration.bytes - bytes else {
            throw Full(events: count, bytes: bytes)
        }
        lastTicket += 1
        bytes += size
        let topic = event.topic
        topics[lastTicket] = topic
        var lane = lanes.removeValue(forKey: topic) ?? Lane(backoff: newBackoff)
        lane.entries.append(Entry(ticket: lastTicket, event: event))
        lanes[topic] = lane
        return (lastTicket, lane.entries.count == 1 ? .send : .wait)
    }

    /// The event that was on its way could not be sent, or nobody knows whether it was. It stays first in its lane.
    ///
    /// - Parameters:
    ///   - asked: what the other side asked to wait.
    ///   - jitter: a random number in 0…1.
    /// - Returns: how long to wait before it is sent again.
    mutating func failed(_ ticket: Ticket, asked: Duration?, jitter: Double) -> Duration {
        topics[ticket].flatMap { lanes[$0]?.backoff.next(asked: asked, jitter: jitter) } ?? .zero
    }

    /// The event was published, was refused, or nobody waits for it any more.
    ///
    /// - Returns: the event that is to be sent now, if it was this one's turn.
    mutating func leave(_ ticket: Ticket) -> Ticket? {
        guard let topic = topics.removeValue(forKey: ticket), var lane = lanes.removeValue(forKey: topic),
            let index = lane.entries.firstIndex(where: { $0.ticket == ticket })
        else { return nil }
        bytes -= lane.entries.remove(at: index).event.data.readableBytes
        guard let first = lane.entries.first else { return nil }
        // Whatever became of this one, the next one has not been tried.
        if index == 0 { lane.backoff = newBackoff }
        lanes[topic] = lane
        return index == 0 ? first.ticket : nil
    }

    private var newBackoff: Backoff {
        Backoff(
            policy: ReconnectPolicy(base: configuration.base, cap: configuration.cap, shortestRetry: .zero)
        )
    }
}
