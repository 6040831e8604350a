import Testing

@testable import TributaryRedis

@Suite struct SentinelRoundTests {
    private let hosts = (1...3).map { RedisHost(name: "s\($0)", port: 26_379) }

    @Test func `each sentinel is asked once, and nobody knowing is told with each one's reason`() {
        var round = SentinelRound(hosts, master: "m", number: 0)
        #expect(round.next() == .ask(hosts[0]))
        round.failed("refused")
        #expect(round.next() == .ask(hosts[1]))
        #expect(round.answered(.null) == nil)
        #expect(round.next() == .ask(hosts[2]))
        #expect(round.answered(.array([.bulk("10.0.0.1"), .bulk("70000")])) == nil)
        guard case .failed(let text) = round.next() else {
            Issue.record("not failed")
            return
        }
        #expect(text.contains("master m") && text.contains("s1:26379: refused") && text.contains("s2:26379"))
    }

    @Test func `an answer is an address`() {
        var round = SentinelRound(hosts, master: "m", number: 0)
        _ = round.next()
        let answer = RESPValue.array([.bulk("10.0.0.1"), .bulk("6380")])
        #expect(round.answered(answer) == RedisHost(name: "10.0.0.1", port: 6_380))
    }

    @Test func `the next round begins with another sentinel`() {
        let first = (0..<4).map { number in
            var round = SentinelRound(hosts, master: "m", number: number)
            return round.next()
        }
        #expect(first == [.ask(hosts[0]), .ask(hosts[1]), .ask(hosts[2]), .ask(hosts[0])])
    }
}
