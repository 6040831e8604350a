import NIOConcurrencyHelpers
import TributaryProtocol

/// Functions that are called one after the other, in the order in which they came, each until its subscription ends.
/// Each returns whether it took the value.
struct Handlers<Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let id: UInt64
        let subscription: Subscription
        let call: @Sendable (Value) async -> Bool
    }

    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(
        _ id: UInt64, _ subscription: Subscription, _ call: @escaping @Sendable (Value) async -> Bool
    ) {
        entries.append(Entry(id: id, subscription: subscription, call: call))
    }

    mutating func remove(_ id: UInt64) {
        entries.removeAll { $0.id == id }
    }

    /// Calls each of them. On a copy of the struct: handlers may add and remove handlers meanwhile.
    ///
    /// - Returns: whether all of them took the value.
    @discardableResult
    func callAll(_ value: Value) async -> Bool {
        var isTaken = true
        for entry in entries where !entry.subscription.isCancelled {
            if await !entry.call(value) { isTaken = false }
        }
        return isTaken
    }
}
