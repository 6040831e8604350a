import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

@Suite struct MultiplexerTests {
    private let topic = Topic(channel: .chat, project: .default)

    @Test func `only the first listener subscribes`() {
        var multiplexer = Multiplexer(linger: 60_000)
        #expect(multiplexer.retain(topic) == .subscribe)
        #expect(multiplexer.retain(topic) == .nothing)
        multiplexer.release(topic, now: 0)
        #expect(multiplexer.expire(now: 100_000).isEmpty)
    }

    @Test func `the last listener's leaving unsubscribes when the linger is over, not before`() {
        var multiplexer = Multiplexer(linger: 60_000)
        _ = multiplexer.retain(topic)
        multiplexer.release(topic, now: 1_000)
        #expect(multiplexer.expire(now: 60_999).isEmpty)
        #expect(multiplexer.expire(now: 61_000) == [topic])
        #expect(multiplexer.retain(topic) == .subscribe)
    }

    @Test func `who comes back within the linger keeps the subscription, and a later absence lingers anew`() {
        var multiplexer = Multiplexer(linger: 60_000)
        _ = multiplexer.retain(topic)
        multiplexer.release(topic, now: 0)
        #expect(multiplexer.retain(topic) == .nothing)
        multiplexer.release(topic, now: 50_000)
        #expect(multiplexer.expire(now: 60_000).isEmpty)
        #expect(multiplexer.expire(now: 110_000) == [topic])
        #expect(!multiplexer.isLingering)
        #expect(multiplexer.count == 0)
    }

    @Test func `over any sequence the topic is subscribed exactly while someone listens or lingers`() throws {
        for seed in 0..<200 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var multiplexer = Multiplexer(linger: 10)
            let topics = try (0..<4).map { Topic(channel: .chat, project: try ProjectID("p\($0)")) }
            var listeners = [0, 0, 0, 0]
            var idleSince: [UInt64?] = [nil, nil, nil, nil]
            var subscribed = [false, false, false, false]
            for now in 0..<300 as Range<UInt64> {
                for topic in multiplexer.expire(now: now) {
                    let index = try #require(topics.firstIndex(of: topic))
                    #expect(listeners[index] == 0 && subscribed[index])
                    #expect(try now - #require(idleSince[index]) >= 10)
                    subscribed[index] = false
                }
                let index = Int.random(in: 0..<4, using: &generator)
                if Bool.random(using: &generator) {
                    #expect((multiplexer.retain(topics[index]) == .subscribe) == !subscribed[index])
                    subscribed[index] = true
                    listeners[index] += 1
                } else if listeners[index] > 0 {
                    multiplexer.release(topics[index], now: now)
                    listeners[index] -= 1
                    if listeners[index] == 0 { idleSince[index] = now }
                }
            }
        }
    }
}
