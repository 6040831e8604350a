import Testing
import TributaryTesting

@testable import TributaryRedis

@Suite struct SlotLanesTests {
    @Test func `without redirections nothing waits`() {
        var lanes = SlotLanes<Int>()
        let isSent = (0..<5).map { lanes.submit($0, slot: 1) }
        #expect(!isSent.contains(false))
        for _ in 0..<5 { Self.expect(lanes.answered(1), []) }
        #expect(lanes.isEmpty)
    }

    @Test func `what is redirected goes first, then what came meanwhile`() {
        var lanes = SlotLanes<Int>()
        let isSent = (0..<3).map { lanes.submit($0, slot: 1) }
        #expect(!isSent.contains(false))
        Self.expect(lanes.redirected(0, slot: 1), [])
        let isSent3 = lanes.submit(3, slot: 1)
        #expect(!isSent3)
        let isSent9 = lanes.submit(9, slot: 2)
        #expect(isSent9)
        Self.expect(lanes.redirected(1, slot: 1), [])
        // The last one on its way: now the first is tried alone.
        Self.expect(lanes.redirected(2, slot: 1), [0])
        let isSent4 = lanes.submit(4, slot: 1)
        #expect(!isSent4)
        // Put off again.
        Self.expect(lanes.redirected(0, slot: 1), [0])
        Self.expect(lanes.answered(1), [1, 2, 3, 4])
        let isSent5 = lanes.submit(5, slot: 1)
        #expect(isSent5)
    }

    /// Whatever is redirected how often, each slot's order stays.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `any redirections keep the order`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var lanes = SlotLanes<Int>()
        var wire: [Int] = []
        var done: [Int] = []
        var next = 0
        while done.count < 60 {
            if next < 60, wire.isEmpty || Bool.random(using: &generator) {
                if lanes.submit(next, slot: 7) { wire.append(next) }
                next += 1
            } else if !wire.isEmpty {
                let job = wire.removeFirst()
                // A server that redirects one redirects those behind it too.
                let isRedirected = Int.random(in: 0..<3, using: &generator) == 0
                if isRedirected {
                    let rest = wire
                    wire = []
                    for job in [job] + rest { wire += Self.sent(lanes.redirected(job, slot: 7)) }
                } else {
                    done.append(job)
                    wire += Self.sent(lanes.answered(7))
                }
            } else {
                Issue.record("stuck after \(done.count)")
                return
            }
        }
        #expect(done == Array(0..<60))
        #expect(lanes.isEmpty)
    }

    private static func expect(_ action: SlotLanes<Int>.Action, _ jobs: [Int]) {
        #expect(sent(action) == jobs)
    }

    private static func sent(_ action: SlotLanes<Int>.Action) -> [Int] {
        switch action {
        case .nothing: []
        case .retry(let job): [job]
        case .send(let jobs): jobs
        }
    }
}
