import TributaryProtocol

/// Topics by the bytes of their names in Redis. Lives on the relay's event loop.
///
/// Publishers come in bursts on one topic: the last hit is compared first, and costs one `memcmp`.
package final class TopicTable {
    private struct Entry {
        let name: [UInt8]
        let topic: Topic
    }

    /// By hash; names that share one are told apart by their bytes. Seeded per process, as projects may come from outside.
    private var entries: [Int: [Entry]] = [:]
    private var last: Entry?

    package init() {}

    package func insert(_ topic: Topic, name: String) {
        let entry = Entry(name: Array(name.utf8), topic: topic)
        let hash = entry.name.withUnsafeBytes(Self.hash)
        if entries[hash]?.contains(where: { $0.name == entry.name }) != true {
            entries[hash, default: []].append(entry)
        }
    }

    func remove(name: String) {
        let name = Array(name.utf8)
        let hash = name.withUnsafeBytes(Self.hash)
        entries[hash]?.removeAll { $0.name == name }
        if entries[hash]?.isEmpty == true { entries[hash] = nil }
        if last?.name == name { last = nil }
    }

    func topic(named name: UnsafeRawBufferPointer) -> Topic? {
        if let last, Self.matches(last, name) { return last.topic }
        guard let entry = entries[Self.hash(name)]?.first(where: { Self.matches($0, name) }) else { return nil }
        last = entry
        return entry.topic
    }

    private static func matches(_ entry: Entry, _ name: UnsafeRawBufferPointer) -> Bool {
        entry.name.withUnsafeBytes(name.equals)
    }

    private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: name)
        return hasher.finalize()
    }
}
