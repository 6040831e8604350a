/// How many connections there may be and how much of their requests' bodies may be held, and who goes where that is too much: the one
/// that has waited longest for its client. Decides; ``OpenConnections`` acts.
///
/// So an attacker who holds connections, or half of a body, loses them to clients who say at once what they want.
struct ConnectionRoom<ID: Hashable & Sendable> {
    /// Connections, streams among them; `nil` is no bound.
    private let maximum: Int?
    /// Bytes of bodies that are not answered yet, of all connections together.
    private let maximumBodyBytes: Int
    /// Sockets that are open, streams among them.
    private(set) var count = 0
    private(set) var bodyBytes = 0
    private var waiting = WaitingConnections<ID>()
    private var bodies: [ID: Int] = [:]
    /// Told to go, and not gone yet.
    private var leaving: Set<ID> = []

    /// 16: what the listener takes in at a time, and more.
    private static var spare: Int { 16 }

    init(maximum: Int?, maximumBodyBytes: Int) {
        self.maximum = maximum
        self.maximumBodyBytes = maximumBodyBytes
    }

    var isFull: Bool { maximum.map { count >= $0 } ?? false }

    /// A connection was accepted.
    mutating func enter() { count += 1 }

    /// A connection is gone; `nil` for one that never waited for its client.
    mutating func leave(_ id: ID?) {
        count -= 1
        guard let id else { return }
        leaving.remove(id)
        forget(id)
    }

    /// A connection waits for its client: for a head, a body, or the next request.
    mutating func wait(_ id: ID) {
        if !leaving.contains(id) { waiting.insert(id) }
    }

    /// A connection's request is being answered.
    mutating func work(_ id: ID) { waiting.remove(id) }

    /// A connection speaks HTTP no more, because it is gone or became a stream.
    mutating func forget(_ id: ID) {
        waiting.remove(id)
        bodyBytes -= bodies.removeValue(forKey: id) ?? 0
    }

    /// Who has to go so that others can be accepted.
    mutating func makeRoom() -> [ID] {
        guard let maximum else { return [] }
        var ids: [ID] = []
        let spare = max(1, min(Self.spare, maximum / 2))
        while count - leaving.count > maximum - spare, let id = waiting.popFirst() {
            ids.append(id)
            leaving.insert(id)
        }
        return ids
    }

    /// What a connection holds of a body.
    enum Holding: Equatable, Sendable {
        case allowed
        /// Allowed, if this one goes.
        case instead(of: ID)
        case refused
    }

    /// - Parameter bytes: all that it holds; 0 when it has been answered.
    mutating func hold(_ bytes: Int, _ id: ID) -> Holding {
        bodyBytes += bytes - (bodies[id] ?? 0)
        bodies[id] = bytes == 0 ? nil : bytes
        guard bodyBytes > maximumBodyBytes, bytes > 0 else { return .allowed }
        // Not itself, which has just said something.
        guard let longest = waiting.longest(of: bodies.keys.lazy.filter({ $0 != id })) else {
            bodyBytes -= bodies.removeValue(forKey: id) ?? 0
            return .refused
        }
        forget(longest)
        leaving.insert(longest)
        return .instead(of: longest)
    }
}
