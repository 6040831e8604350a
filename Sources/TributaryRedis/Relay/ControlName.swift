/// The names of the channels in Redis that belong to the nodes, and so to no topic.
///
/// Each subscriber connection has one of its own, its session: other nodes tell by the subscriber of such a channel whether
/// the connection lives. All nodes listen to ``all``, and each to its ``own``, for what nodes tell each other.
struct ControlName: Sendable {
    /// Messages for every node.
    let all: String
    /// Messages for this node.
    let own: String
    private let base: String
    /// Tells this process from another one that was given the same name, and from the one before it.
    private let instance: UInt64

    init(prefix: String?, node: String, instance: UInt64 = .random(in: .min ... .max)) {
        base = "\(prefix ?? "tributary"):control:\(node)"
        all = "\(prefix ?? "tributary"):nodes"
        own = "\(all):\(node)"
        self.instance = instance
    }

    func session(_ number: UInt64) -> String { "\(base):\(String(instance, radix: 16))-\(number)" }

    /// Where a message to another node, or with `nil` to all, is published.
    func inbox(of node: String?) -> String { node.map { "\(all):\($0)" } ?? all }

    /// Whether a name in Redis belongs to the nodes.
    func covers(_ name: String) -> Bool {
        name == base || name.hasPrefix(base + ":") || name == all || name.hasPrefix(all + ":")
    }
}
