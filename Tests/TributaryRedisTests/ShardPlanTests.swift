import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryRedis

@Suite struct ShardPlanTests {
    private let hosts = (1...2).map { RedisHost(name: "h\($0)", port: 7_000) }

    /// `p1` has slot 11,819, `p2` 7,752.
    private func map(_ border: Int) throws -> SlotMap {
        let ranges = [(0, border - 1), (border, 16_383)].enumerated().map { index, range in
            RESPValue.array([
                .integer(Int64(range.0)), .integer(Int64(range.1)),
                .array([.bulk(hosts[index].name), .integer(7_000)]),
            ])
        }
        return try SlotMap(.array(ranges), asked: hosts[0])
    }

    @Test func `each master is asked for its projects' channels and for the session's name there`() throws {
        let plan = ShardPlan([.chat("p1"), .jobs("p1"), .chat("p2"), Topic(channel: .chat, project: nil)], prefix: nil)
        let first: Set = ["chat:{p2}", "s:{p2}"]
        let second: Set = ["chat:{p1}", "jobs:{p1}", "s:{p1}"]
        #expect(plan.names(session: "s", map: try map(8_000)) == [hosts[0]: first, hosts[1]: second])
        #expect(plan.names(session: "s", map: try map(12_000)) == [hosts[0]: first.union(second)])
    }

    @Test func `a project is forgotten with its last topic`() throws {
        var plan = ShardPlan([.chat("p1"), .jobs("p1")], prefix: "staging")
        #expect(plan.names(session: "s", map: try map(8_000)).values.first?.contains("staging:chat:{p1}") == true)
        let (first, again, last) = (plan.remove(.chat("p1")), plan.remove(.chat("p1")), plan.remove(.jobs("p1")))
        #expect(!first && !again && last)
        #expect(plan.names(session: "s", map: try map(8_000)).isEmpty)
    }
}
