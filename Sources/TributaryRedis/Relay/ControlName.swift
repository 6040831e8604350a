/// The names of a relay's own channels in Redis, one for each of its subscriber connections. Other nodes tell by the
/// subscriber of such a channel whether the connection lives.
struct ControlName: Sendable {
    private let base: String
    /// Tells this process from another one that was given the same name, and from the one before it.
    private let instance: UInt64

    init(prefix: String?, node: String, instance: UInt64 = .random(in: .min ... .max)) {
        base = "\(prefix ?? "tributary"):control:\(node)"
        self.instance = instance
    }

    func session(_ number: UInt64) -> String { "\(base):\(String(instance, radix: 16))-\(number)" }

    /// Whether a name in Redis belongs to the node, and so to no topic.
    func covers(_ name: String) -> Bool { name == base || name.hasPrefix(base + ":") }
}
