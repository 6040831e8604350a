import NIOEmbedded
import Testing

@testable import TributaryCore

struct PacedWorkTests {
    private let eventLoop = EmbeddedEventLoop()
    private var turn: Int { PacedWork.piecesPerTurn }

    @Test func `a few pieces are done at once, many in turns, in order`() {
        let work = PacedWork(eventLoop: eventLoop)
        var done: [Int] = []
        for number in 0..<3 * turn + 1 { work.perform { done.append(number) } }
        for turns in 1...3 {
            #expect(done == Array(0..<turns * turn))
            // What is executed meanwhile does not make it hurry.
            eventLoop.execute {}
            eventLoop.run()
            #expect(done.count == turns * turn)
            eventLoop.advanceTime(by: PacedWork.pause)
        }
        #expect(done == Array(0...3 * turn))
    }

    @Test func `a piece after a pause does not wait`() {
        let work = PacedWork(eventLoop: eventLoop)
        var done = 0
        for _ in 0..<turn { work.perform { done += 1 } }
        eventLoop.advanceTime(by: PacedWork.pause)
        work.perform { done += 1 }
        #expect(done == turn + 1)
    }

    @Test func `a piece asked for by another one comes after it, and after those that wait`() {
        let work = PacedWork(eventLoop: eventLoop)
        var done: [String] = []
        work.perform {
            work.perform { done.append("inner") }
            done.append("outer")
        }
        #expect(done == ["outer", "inner"])
        for _ in 0..<turn { work.perform { work.perform { done.append("inner") } } }
        for _ in 0..<3 { eventLoop.advanceTime(by: PacedWork.pause) }
        #expect(done.filter { $0 == "inner" }.count == turn + 1)
    }
}
