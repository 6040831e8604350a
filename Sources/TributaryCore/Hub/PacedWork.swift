import DequeModule
import NIOCore

/// Does what many ask for at once a few pieces at a time, and lets the event loop serve its sockets in between: what is executed
/// on a loop runs before it looks at them again, however much it is. Lives on its event loop.
final class PacedWork {
    private let eventLoop: any EventLoop
    /// Without it there is a pause, which may be over before the loop has come to its sockets.
    var turns: (any LoopTurns)?
    private var waiting: Deque<() -> Void> = []
    /// Pieces that may still be done before the next pause.
    private var budget = PacedWork.piecesPerTurn
    private var isPausing = false
    private var isWorking = false

    /// 8: the beginnings of so many streams take well below a millisecond.
    static let piecesPerTurn = 8
    /// 100 µs, at least: long enough for the loop to look at its sockets. As long as the pieces took, if that is longer: a task that
    /// is due before the loop has come to its sockets is done before it gets there.
    static let pause = TimeAmount.microseconds(100)

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Does a piece now if few were done in this turn, else in its turn.
    func perform(_ piece: @escaping () -> Void) {
        waiting.append(piece)
        // A piece that asks for another one is not over yet.
        if !isWorking { advance() }
    }

    private func advance() {
        isWorking = true
        let began = eventLoop.now
        while budget > 0, let piece = waiting.popFirst() {
            budget -= 1
            piece()
        }
        isWorking = false
        guard !isPausing else { return }
        isPausing = true
        if let turns { return turns.afterSockets { self.resume() } }
        let pause = max(Self.pause, eventLoop.now - began)
        eventLoop.assumeIsolated().scheduleTask(in: pause) { self.resume() }
    }

    private func resume() {
        isPausing = false
        budget = Self.piecesPerTurn
        if !waiting.isEmpty { advance() }
    }
}
