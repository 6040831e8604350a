/// Which master has which slot, as a server of the cluster sees it.
struct SlotMap: Equatable, Sendable {
    /// For each slot the index in ``hosts``; -1 where nobody has it.
    private var owners: [Int16]
    /// Those that have, or had, a slot.
    private var hosts: [RedisHost]
    /// Every host that has a slot, in the order of their names, so that every node has the same.
    private(set) var masters: [RedisHost] = []

    /// Reads the answer to `CLUSTER SLOTS`: `[[first, last, [host, port, id, …], replica…]…]`.
    ///
    /// - Parameter asked: who answered; a server that does not know its own address leaves the host out.
    /// - Throws: ``RedisError/protocolViolation(_:)``, and ``RedisError/connectFailed(_:)`` if no slot has a master.
    init(_ reply: RESPValue, asked: RedisHost) throws(RedisError) {
        guard let ranges = reply.array else { throw .protocolViolation("CLUSTER SLOTS answered something else") }
        var masters: [(slots: ClosedRange<Int>, host: RedisHost)] = []
        for range in ranges {
            guard let fields = range.array, fields.count >= 3, let first = fields[0].integer,
                let last = fields[1].integer, let master = fields[2].array, master.count >= 2,
                let port = master[1].integer, (1...65_535).contains(port), first >= 0, first <= last,
                last < HashSlot.count
            else { throw .protocolViolation("CLUSTER SLOTS answered something else") }
            let name = master[0].string.flatMap { $0.isEmpty || $0 == "?" ? nil : $0 } ?? asked.name
            masters.append((Int(first)...Int(last), RedisHost(name: name, port: Int(port))))
        }
        owners = Array(repeating: -1, count: HashSlot.count)
        // In one order, whoever answered: then maps that say the same are equal.
        hosts = Set(masters.map(\.host)).sorted { ($0.name, $0.port) < ($1.name, $1.port) }
        for (slots, host) in masters {
            let owner = index(of: host)
            for slot in slots { owners[slot] = owner }
        }
        findMasters()
        guard !hosts.isEmpty else { throw .connectFailed("no server of the cluster has a slot") }
    }

    func owner(of slot: Int) -> RedisHost? {
        let owner = owners[slot]
        return owner < 0 ? nil : hosts[Int(owner)]
    }

    /// `MOVED` says so.
    mutating func move(_ slot: Int, to host: RedisHost) {
        owners[slot] = index(of: host)
        findMasters()
    }

    private mutating func findMasters() {
        masters = Set(owners).filter { $0 >= 0 }.map { hosts[Int($0)] }.sorted {
            ($0.name, $0.port) < ($1.name, $1.port)
        }
    }

    private mutating func index(of host: RedisHost) -> Int16 {
        if let index = hosts.firstIndex(of: host) { return Int16(index) }
        hosts.append(host)
        return Int16(hosts.count - 1)
    }
}
