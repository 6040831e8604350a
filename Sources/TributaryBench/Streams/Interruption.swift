import Synchronization

/// Says to a measurement that a stop is wanted; from any thread.
public final class Interruption: Sendable {
    private let requested = Atomic(false)

    public init() {}

    public func request() {
        requested.store(true, ordering: .relaxed)
    }

    var isRequested: Bool { requested.load(ordering: .relaxed) }
}

extension BenchError {
    static let interrupted = BenchError("interrupted")
}
