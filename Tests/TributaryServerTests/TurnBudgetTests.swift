import NIOEmbedded
import Testing

@testable import TributaryServer

@Suite struct TurnBudgetTests {
    @Test func `each loop answers so many requests in a turn, and as many in the next`() {
        let loops = [EmbeddedEventLoop(), EmbeddedEventLoop()]
        let budget = TurnBudget(loops)
        for _ in 0..<3 {
            #expect((0..<TurnBudget.requests + 5).count { _ in budget.take(on: loops[0]) } == TurnBudget.requests)
            loops[0].run()
        }
        #expect(budget.take(on: loops[1]))
        #expect(!budget.take(on: EmbeddedEventLoop()))
    }
}
