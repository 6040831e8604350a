import NIOCore

/// How many requests an event loop answers by itself in one of its turns: whoever sends more keeps nobody's events waiting. From any
/// event loop.
struct TurnBudget: Sendable {
    private let loops: [(eventLoop: any EventLoop, left: NIOLoopBoundBox<Int>)]

    /// 32: a millisecond or two.
    static let requests = 32

    init(_ eventLoops: some Sequence<any EventLoop>) {
        loops = eventLoops.map { ($0, .makeBoxSendingValue(Self.requests, eventLoop: $0)) }
    }

    /// Takes one of them. On `eventLoop`.
    ///
    /// - Returns: false if there is none left in this turn, and for an event loop that is not known.
    func take(on eventLoop: any EventLoop) -> Bool {
        guard let left = loops.first(where: { $0.eventLoop === eventLoop })?.left, left.value > 0 else { return false }
        // Tasks are done at the end of a turn.
        if left.value == Self.requests { eventLoop.execute { left.value = Self.requests } }
        left.value -= 1
        return true
    }
}
