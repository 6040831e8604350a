import DequeModule

/// Connections that wait for their client, in the order in which they began to: who goes first where there is no more room.
/// Decides; ``OpenConnections`` acts.
struct WaitingConnections<ID: Hashable & Sendable> {
    private struct Entry {
        let id: ID
        let ticket: UInt64
    }

    private var tickets: [ID: UInt64] = [:]
    /// By ticket. Who has left, or began anew, is still in here until its turn comes.
    private var queue: Deque<Entry> = []
    private var lastTicket: UInt64 = 0

    /// A connection begins to wait, or anew.
    mutating func insert(_ id: ID) {
        lastTicket += 1
        tickets[id] = lastTicket
        queue.append(Entry(id: id, ticket: lastTicket))
        // A connection that goes on and on adds an entry each time: those that are over leave when they are the most.
        if queue.count > 2 * tickets.count + 64 {
            queue.removeAll { tickets[$0.id] != $0.ticket }
        }
    }

    /// A connection waits no more.
    mutating func remove(_ id: ID) {
        tickets[id] = nil
    }

    /// Takes the one out that has waited longest.
    mutating func popFirst() -> ID? {
        while let entry = queue.popFirst() {
            guard tickets[entry.id] == entry.ticket else { continue }
            tickets[entry.id] = nil
            return entry.id
        }
        return nil
    }

    /// The one of `candidates` that has waited longest; `nil` if none of them waits.
    func longest(of candidates: some Sequence<ID>) -> ID? {
        candidates.lazy.compactMap { id in tickets[id].map { (id, $0) } }.min { $0.1 < $1.1 }?.0
    }
}
