/// The ids of the newest events, so that what comes twice is handed over once.
///
/// Not `id <= last`: a publisher's ids may arrive out of order, and a late one is new all the same.
struct RecentIDs {
    private var known: Set<String> = []
    /// A ring: the oldest id stands where the next one goes.
    private var order: [String] = []
    private var next = 0
    private let capacity: Int

    /// - Parameter capacity: how many ids are remembered, at least 1.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    func contains(_ id: String) -> Bool { known.contains(id) }

    mutating func insert(_ id: String) {
        guard known.insert(id).inserted else { return }
        if order.count < capacity {
            order.append(id)
        } else {
            known.remove(order[next])
            order[next] = id
            next = (next + 1) % capacity
        }
    }
}
