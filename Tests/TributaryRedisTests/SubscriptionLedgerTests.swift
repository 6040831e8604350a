import Testing
import TributaryProtocol
import TributaryTesting

@testable import TributaryRedis

@Suite struct SubscriptionLedgerTests {
    private let a = Topic.chat("a")
    private let b = Topic.chat("b")

    @Test func `wishes of one turn become one command, answered topic by topic`() {
        var ledger = connected()
        let waiter = ledger.subscribe([a, b])
        let commands = ledger.flush().commands
        #expect(commands == [.subscribe([a, b])] || commands == [.subscribe([b, a])])
        #expect(ledger.confirmed(subscription: true) == [])
        #expect(ledger.confirmed(subscription: true) == [.succeed(waiter ?? -1)])
        #expect(ledger.subscribe([a]) == nil)
        #expect(ledger.flush().commands == [])
        #expect(ledger.wanted == 2)
    }

    @Test func `a wish that is taken back in the same turn sends nothing`() {
        var ledger = connected()
        let waiter = ledger.subscribe([a])
        #expect(ledger.unsubscribe([a]) == [.fail(waiter ?? -1, .unsubscribed)])
        #expect(ledger.flush().commands == [])
        #expect(ledger.wanted == 0)
    }

    @Test func `a subscription during an unsubscription in flight is confirmed by its own command`() {
        var ledger = connected()
        _ = ledger.subscribe([a])
        _ = ledger.flush()
        _ = ledger.unsubscribe([a])
        #expect(ledger.flush().commands == [.unsubscribe([a])])
        let waiter = ledger.subscribe([a])
        #expect(ledger.flush().commands == [.subscribe([a])])
        #expect(ledger.confirmed(subscription: true) == [])
        #expect(ledger.confirmed(subscription: false) == [])
        #expect(ledger.confirmed(subscription: true) == [.succeed(waiter ?? -1)])
    }

    @Test func `many topics take several commands`() {
        var ledger = connected(batch: 10)
        _ = ledger.subscribe((0..<25).map { Topic.chat("\($0)") })
        let sizes = ledger.flush().commands.map { command in
            if case .subscribe(let topics) = command { topics.count } else { 0 }
        }
        #expect(sizes == [10, 10, 5])
    }

    @Test func `without a connection wishes are remembered, and restored with the next one`() {
        var ledger = SubscriptionLedger<Topic>()
        #expect(ledger.subscribe([a, b]) == nil)
        #expect(ledger.unsubscribe([b]) == [])
        #expect(ledger.flush().commands == [])
        ledger.connected()
        let (commands, actions) = ledger.flush()
        #expect(commands == [.subscribe([a])])
        #expect(actions == [])
        #expect(ledger.confirmed(subscription: true) == [.restored])
    }

    @Test func `nothing wanted is restored at once`() {
        var ledger = SubscriptionLedger<Topic>()
        ledger.connected()
        #expect(ledger.flush().actions == [.restored])
        #expect(ledger.flush().actions == [])
    }

    @Test func `a lost connection fails who waits, and forgets what is not wanted`() {
        var ledger = connected()
        let waiter = ledger.subscribe([a])
        _ = ledger.flush()
        #expect(ledger.disconnected() == [.fail(waiter ?? -1, .disconnected)])
        _ = ledger.unsubscribe([a])
        ledger.connected()
        #expect(ledger.flush().actions == [.restored])
    }

    @Test func `one refused topic does not spoil the others`() {
        var ledger = connected()
        let first = ledger.subscribe([a])
        let second = ledger.subscribe([b])
        guard case .subscribe(let topics)? = ledger.flush().commands.first else {
            Issue.record("no command")
            return
        }
        let (again, actions) = ledger.refused("NOPERM")
        #expect(again == topics.map { .subscribe([$0]) })
        #expect(actions == [])
        // Redis now refuses `a` alone.
        for topic in topics {
            if topic == a {
                #expect(
                    ledger.refused("NOPERM").actions == [
                        .fail(first ?? -1, .refused("NOPERM")), .refused(a, "NOPERM"),
                    ])
            } else {
                #expect(ledger.confirmed(subscription: true) == [.succeed(second ?? -1)])
            }
        }
        ledger.retryRefused()
        #expect(ledger.flush().commands == [.subscribe([a])])
        #expect(ledger.confirmed(subscription: true) == [])
    }

    @Test func `restoring waits for topics that were asked for one by one`() {
        var ledger = SubscriptionLedger<Topic>(batch: 2)
        _ = ledger.subscribe([a, b, .chat("c")])
        ledger.connected()
        #expect(ledger.flush().commands.count == 2)
        #expect(ledger.refused("NOPERM").actions == [])
        #expect(ledger.confirmed(subscription: true) == [])
        #expect(ledger.confirmed(subscription: true) == [])
        #expect(ledger.refused("NOPERM").actions.last == .restored)
    }

    @Test func `answers to nothing are out of step`() {
        var ledger = connected()
        #expect(ledger.confirmed(subscription: true) == [.outOfStep])
        #expect(ledger.refused("ERR").actions == [.outOfStep])
        _ = ledger.subscribe([a])
        _ = ledger.flush()
        #expect(ledger.confirmed(subscription: false) == [.outOfStep])
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `whatever the order of wishes, answers and cuts, Redis ends up with what is wanted`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var model = Model(batch: Int.random(in: 1...4, using: &generator))
        let topics = (0..<6).map { Topic.chat("p\($0)") }
        for _ in 0..<300 {
            let topic = topics.randomElement(using: &generator) ?? a
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<30: model.subscribe([topic, topics.randomElement(using: &generator) ?? a])
            case 30..<55: model.unsubscribe([topic])
            case 55..<75: model.flush()
            case 75..<97: model.answer()
            case 97: model.disconnect()
            default: model.connect()
            }
        }
        model.connect()
        model.settle()
        #expect(model.redis == model.wanted)
        #expect(model.ledger.wanted == model.wanted.count)
        #expect(model.waiting.isEmpty)
        #expect(model.problems == [])
    }

    private func connected(batch: Int = 256) -> SubscriptionLedger<Topic> {
        var ledger = SubscriptionLedger<Topic>(batch: batch)
        ledger.connected()
        _ = ledger.flush()
        return ledger
    }
}

/// The ledger with a Redis that does what it is told, one topic at a time.
private struct Model {
    var ledger: SubscriptionLedger<Topic>
    var wanted: Set<Topic> = []
    var redis: Set<Topic> = []
    /// Sent, not yet done by Redis: topic and whether to subscribe.
    var sent: [(topic: Topic, subscribe: Bool)] = []
    var waiting: [Int: Set<Topic>] = [:]
    var problems: [String] = []

    init(batch: Int) {
        ledger = SubscriptionLedger<Topic>(batch: batch)
    }

    mutating func subscribe(_ topics: Set<Topic>) {
        wanted.formUnion(topics)
        if let waiter = ledger.subscribe(topics) {
            waiting[waiter] = topics
        } else if ledger.isConnected, !topics.isSubset(of: redis) {
            problems.append("succeeded too early")
        }
    }

    mutating func unsubscribe(_ topics: Set<Topic>) {
        wanted.subtract(topics)
        // Who took a topic back does not count on it any more.
        for waiter in waiting.keys { waiting[waiter]?.subtract(topics) }
        note(ledger.unsubscribe(topics))
    }

    mutating func connect() {
        guard !ledger.isConnected else { return }
        ledger.connected()
        flush()
    }

    mutating func disconnect() {
        redis = []
        sent = []
        note(ledger.disconnected())
        if !waiting.isEmpty { problems.append("somebody waits without a connection") }
    }

    mutating func flush() {
        let (commands, actions) = ledger.flush()
        for command in commands {
            switch command {
            case .subscribe(let topics): sent += topics.map { ($0, true) }
            case .unsubscribe(let topics): sent += topics.map { ($0, false) }
            }
        }
        note(actions)
    }

    mutating func answer() {
        guard !sent.isEmpty else { return }
        let (topic, subscribe) = sent.removeFirst()
        if subscribe { redis.insert(topic) } else { redis.remove(topic) }
        note(ledger.confirmed(subscription: subscribe))
    }

    mutating func settle() {
        flush()
        while !sent.isEmpty { answer() }
    }

    private mutating func note(_ actions: [SubscriptionLedger<Topic>.Action]) {
        for action in actions {
            switch action {
            case .succeed(let waiter):
                guard let topics = waiting.removeValue(forKey: waiter) else { return problems.append("answered twice") }
                if !topics.isSubset(of: redis) { problems.append("confirmed what is not subscribed") }
                if sent.contains(where: { topics.contains($0.topic) && !$0.subscribe }) {
                    problems.append("confirmed what is about to be unsubscribed")
                }
            case .fail(let waiter, _):
                if waiting.removeValue(forKey: waiter) == nil { problems.append("answered twice") }
            case .restored: break
            case .refused, .outOfStep: problems.append("out of step")
            }
        }
    }
}
