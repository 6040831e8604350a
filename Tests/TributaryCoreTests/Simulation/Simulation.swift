import Foundation
import NIOCore
import NIOEmbedded
import TributaryProtocol
import TributaryTesting

@testable import TributaryCore

/// Hub nodes, relay, log and clients on one thread and one seeded clock, with everything going wrong that can.
///
/// The invariant: each client's durable events are the log's from its cursor on, in the log's order and none twice, but for
/// those that a `gap` named.
final class Simulation: @unchecked Sendable {
    // Used by one thread.
    struct Faults {
        /// Messages get lost, repeated and reordered.
        var relay = false
        /// The log does not answer now and then.
        var log = false
    }

    struct Entry {
        let id: UInt64
        let position: LogPosition
        let channel: Int
        let user: UserID?
    }

    let loop = EmbeddedEventLoop()
    var random: SeededGenerator
    var faults = Faults()
    let catalog: Catalog
    let frames: HubFrames
    var configuration = HubConfiguration(node: "n", version: "simulation")
    let project = ProjectID.default
    /// Made last, because it asks for what the simulation is.
    private(set) lazy var log = makeLog()
    let pageSize: Int
    /// Everything that was ever in the log, in its order.
    private(set) var journal: [Entry] = []
    private var channelsByID: [UInt64: Int] = [:]
    private var nodes: [SimulatedNode] = []
    /// Crashed ones, for what still refers to them.
    private var graveyard: [SimulatedNode] = []
    private var clients: [SimulatedClient] = []
    private var nodeCount = 0
    /// The publisher gives the ids, and not always in order.
    let hasPublisherIDs: Bool
    /// The publisher uses the relay alone.
    private let isRaw: Bool
    private let maximumDelay: Int
    /// Each life's ids are below those of the one before: 100,000 lower.
    private var nextID: UInt64 = 9_000_100
    private var withheld: [UInt64] = []
    private var number = 0
    /// How many entries the journal had at each wipe: its lives are what stands between.
    private var wipes: [Int] = []
    /// How far the present log has been taken over.
    private var journalEnd = LogPosition.start
    /// How many entries of the journal everybody must have in the end.
    private var lastRequired = 0

    private static let sharedCatalog = Result {
        try Catalog(
            json: Data(
                """
                {"version": 1, "channels": [
                    {"name": "chat", "durable": true, "events": [{"name": "typing.*", "durable": false}]},
                    {"name": "jobs", "durable": true, "events": []},
                    {"name": "files", "durable": true, "events": []}
                ]}
                """.utf8))
    }
    private static let sharedFrames = Result {
        HubFrames(node: "n", catalog: try sharedCatalog.get(), retryMilliseconds: 3_000)
    }

    private let isTraced: Bool

    init(seed: UInt64, isTraced: Bool = false) throws {
        self.isTraced = isTraced
        random = SeededGenerator(seed: seed)
        catalog = try Self.sharedCatalog.get()
        frames = try Self.sharedFrames.get()
        let kind = Int.random(in: 0..<8, using: &random)
        hasPublisherIDs = kind >= 6
        isRaw = kind == 7
        pageSize = Int.random(in: 1...6, using: &random)
        maximumDelay = [1, 10, 60].randomElement(using: &random) ?? 1
        configuration.tailBytes = [150, 600, 1 << 20].randomElement(using: &random) ?? 150
        configuration.replayLimit = [4, 200].randomElement(using: &random) ?? 200
        configuration.lingerMilliseconds = [0, 200, 60_000].randomElement(using: &random) ?? 0
        configuration.slowConsumerMilliseconds = 3_000
        for _ in 0..<2 { addNode() }
        for index in 0..<3 {
            let mask = UInt64.random(in: 1...7, using: &random)
            clients.append(
                SimulatedClient(
                    index, user: try UserID("u\(index % 2)"), channels: ChannelSet(rawValue: mask),
                    startsLive: Bool.random(using: &random), in: self
                )
            )
        }
    }

    private func makeLog() -> MemoryEventLog {
        MemoryEventLog(
            catalog: catalog, eventLoop: loop, marksLapses: true,
            clock: { [unowned self] in
                1_790_000_000_000_000 + UInt64(self.loop.now.uptimeNanoseconds / 1_000)
            },
            isAlive: { [unowned self] listener in
                self.nodes.contains { $0.isUp && $0.relay.isUp && $0.relay.session == listener }
            },
            send: { [unowned self] payload, topic in
                for node in self.nodes where node.isUp { node.relay.offer(payload, topic) }
            }
        )
    }

    private func addNode() {
        nodeCount += 1
        nodes.append(SimulatedNode("n\(nodeCount)", in: self))
    }

    /// The channel of an event that the log has.
    func channel(of id: UInt64) -> Int {
        if channelsByID[id] == nil { noteJournal() }
        return channelsByID[id] ?? 0
    }

    /// Says what happens, if this is the only seed.
    func trace(_ text: @autoclosure () -> String) {
        if isTraced { print("\(loop.now.uptimeNanoseconds / 1_000_000) ms: \(text())") }
    }

    /// Some time later, as long as the seed wants.
    func later(_ action: @escaping () -> Void) {
        let delay = Int64.random(in: 0...Int64(maximumDelay), using: &random)
        loop.scheduleTask(in: .milliseconds(delay)) { action() }
    }

    func logAnswers() -> Bool { !faults.log || Int.random(in: 0..<10, using: &random) > 0 }

    /// How many entries of the journal are gone with a log that was wiped.
    var wipedCount: Int { wipes.last ?? 0 }

    /// Of the present log.
    var newestID: UInt64 { journal[wipedCount...].map(\.id).max() ?? 0 }

    /// Of all logs that there were.
    var highestID: UInt64 { journal.map(\.id).max() ?? 0 }

    /// Which of the logs that there were an entry of the journal belongs to.
    private func life(of index: Int) -> Int { wipes.count { $0 <= index } }

    /// Takes over what the log has taken.
    func noteJournal() {
        let channels = catalog.channels
        while true {
            let cursor = LogCursor.position(journalEnd)
            guard let page = try? log.read(channels, of: project, after: cursor, limit: 1_000).wait() else { return }
            journalEnd = page.entries.last?.position ?? journalEnd
            for entry in page.entries {
                let user = entry.envelope.withUnsafeReadableBytes { try? Envelope.scan($0).recipient }
                trace(
                    "log has \(entry.id) at \(entry.position) on \(entry.channel) to \((user ?? nil)?.rawValue ?? "all")"
                )
                channelsByID[entry.id.rawValue] = catalog.index(of: entry.channel.name)
                journal.append(
                    Entry(
                        id: entry.id.rawValue, position: entry.position,
                        channel: catalog.index(of: entry.channel.name) ?? 0, user: user ?? nil
                    )
                )
            }
            if page.isLast { return }
        }
    }

    // MARK: What happens

    /// Runs the seed's story, then lets everything come to rest.
    ///
    /// - Returns: what is wrong, for each client.
    func run(steps: Int = 32) throws -> [String] {
        faults = Faults(relay: Bool.random(using: &random), log: Bool.random(using: &random))
        for _ in 0..<steps {
            try step()
            loop.advanceTime(by: .milliseconds(Int64.random(in: 0...20, using: &random)))
        }
        try rest()
        // What is scheduled keeps the simulation alive.
        defer { try? loop.syncShutdownGracefully() }
        return clients.enumerated().flatMap { index, client in
            check(client).map { "client \(index)\(isRaw ? " (raw)" : hasPublisherIDs ? " (ids)" : ""): \($0)" }
        }
    }

    private func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<45: try publish()
        case 45..<55: clients.randomElement(using: &random)?.cut()
        case 55..<70: read()
        case 70..<75: clients.randomElement(using: &random)?.changeChannels()
        case 75..<80: clients.randomElement(using: &random)?.stall()
        case 80..<84: nodes.randomElement(using: &random)?.relay.disconnect()
        case 84..<91: nodes.randomElement(using: &random)?.relay.reconnect()
        case 91..<93: crash()
        case 93..<95: trim()
        case 95: wipe()
        default: loop.advanceTime(by: .milliseconds(Int64.random(in: 0...3_000, using: &random)))
        }
        for client in clients where !client.isConnected && Int.random(in: 0..<3, using: &random) == 0 {
            connect(client)
        }
    }

    private func connect(_ client: SimulatedClient) {
        guard let node = nodes.randomElement(using: &random) else { return }
        let allowance = Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 0...900, using: &random) : nil
        client.connect(to: node, allowance: allowance)
    }

    private func read() {
        let bytes = Bool.random(using: &random) ? nil : Int.random(in: 0...400, using: &random)
        clients.randomElement(using: &random)?.take(bytes: bytes, readAll: false)
    }

    private func publish() throws {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            number += 1
            let channel = catalog.channels[Int.random(in: 0..<3, using: &random)]
            let isEphemeral = Int.random(in: 0..<5, using: &random) == 0
            var event = Event(
                channel: channel, project: project, name: try EventName(isEphemeral ? "typing.x" : "e"),
                data: ByteBuffer(string: "\(number)")
            )
            if Int.random(in: 0..<6, using: &random) == 0 { event.recipient = try UserID("u0") }
            if hasPublisherIDs, !isEphemeral { event.id = EventID(takeID()) }
            try send(event)
        }
    }

    private func send(_ event: Event) throws {
        if isRaw {
            let payload = Envelope.encode(event, timestamp: 0)
            for node in nodes { node.relay.offer(payload, event.topic) }
        } else {
            _ = try log.place(event)
            noteJournal()
        }
    }

    /// Mostly the next one; now and then one is withheld, and comes late.
    private func takeID() -> UInt64 {
        nextID += UInt64.random(in: 1...3, using: &random)
        if Int.random(in: 0..<5, using: &random) == 0 {
            withheld.append(nextID)
            nextID += 1
        } else if !withheld.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
            return withheld.removeFirst()
        }
        return nextID
    }

    private func crash() {
        guard let index = nodes.indices.randomElement(using: &random) else { return }
        let node = nodes.remove(at: index)
        trace("\(node.relay.session) crashes")
        node.crash()
        graveyard.append(node)
        for client in clients where client.isOn(node) { client.cut() }
        addNode()
    }

    private func trim() {
        noteJournal()
        trace("a channel is trimmed")
        log.trim(
            catalog.channels[Int.random(in: 0..<3, using: &random)], of: project,
            keeping: Int.random(in: 0...5, using: &random)
        )
    }

    private func wipe() {
        // A log that begins and ends while a node is away is one that the node can know nothing of.
        guard nodes.allSatisfy(\.relay.isUp) else { return }
        if hasPublisherIDs {
            // An old id that reaches the new log would make old cursors look like its own.
            loop.advanceTime(by: .seconds(1))
            guard (nodes + graveyard).allSatisfy(\.isQuiet) else { return }
            withheld = []
        }
        noteJournal()
        trace("the log is wiped")
        log.removeAll()
        wipes.append(journal.count)
        journalEnd = .start
        nextID = nextID / 100_000 * 100_000 - 100_000 + 100
        // The clock of ids goes on.
        loop.advanceTime(by: .milliseconds(1))
    }

    /// No more faults: everybody connects, and reads all there is.
    private func rest() throws {
        let losesMessages = faults.relay
        faults = Faults()
        for node in nodes { node.relay.reconnect() }
        for client in clients {
            if !client.isConnected { client.connect(to: nodes[0], allowance: nil) }
        }
        if !losesMessages, !isRaw { publishWhileSubscribing() }
        loop.advanceTime(by: .seconds(15))
        // Whoever lost the last message of a channel notices with the next one.
        if losesMessages || isRaw { try mark() }
        loop.advanceTime(by: .seconds(1))
        noteJournal()
        lastRequired = journal.count
        // And so does a node that began to listen while another one was writing down what it had heard.
        if isRaw { try mark() }
        noteJournal()
        for turn in 0..<100 {
            loop.advanceTime(by: .milliseconds(200))
            for client in clients {
                client.take(bytes: nil, readAll: true)
                client.takeBackAll()
                if !client.isConnected { client.connect(to: nodes[0], allowance: nil) }
            }
            // A node that still reads the log has nothing to show for it yet.
            if turn > 20, clients.allSatisfy(\.isSettled) { break }
        }
        noteJournal()
    }

    /// A client comes to a node that has no subscriptions yet, and in the midst of that the last events of all are published:
    /// nothing comes behind them that would show that they are missing.
    private func publishWhileSubscribing() {
        addNode()
        guard let client = clients.randomElement(using: &random), let node = nodes.last else { return }
        client.cut()
        client.connect(to: node, allowance: nil)
        for _ in 0..<3 { later { try? self.mark() } }
    }

    private func mark() throws {
        for channel in catalog.channels {
            var event = Event(
                channel: channel, project: project, name: try EventName("e"), data: ByteBuffer(string: "0"))
            if hasPublisherIDs {
                nextID += 2
                event.id = EventID(nextID)
            }
            try send(event)
        }
    }

    // MARK: The invariant

    private func check(_ client: SimulatedClient) -> [String] {
        guard client.isSettled, !client.starts.isEmpty || client.channels.isEmpty else {
            return client.violations + ["did not come to rest: \(client.standing)"]
        }
        var violations = client.violations
        let allowed = journal.enumerated().filter { index, entry in
            guard let start = client.starts[entry.channel], entry.user == nil || entry.user == client.user else {
                return false
            }
            // One that began live claims nothing of the time before, and may get some of it all the same.
            return start.isLive || isBehind(start, index)
        }
        // Who comes without a cursor has lost nothing with a log that was wiped.
        // Nor has who began live lost what had come late by then.
        let required = allowed.filter { index, entry in
            guard let start = client.starts[entry.channel], index >= start.after, index < lastRequired else {
                return false
            }
            guard start.isLive else { return true }
            return isLater(index, than: start) || entry.position.high > start.id && isBehind(start, index)
        }
        let expected = allowed.map(\.element.id)
        let order = Dictionary(uniqueKeysWithValues: expected.enumerated().map { ($1, $0) })
        for id in client.received where order[id] == nil {
            violations.append("\(id) was not for this client, or came before its cursor")
        }
        // What is replayed of an added channel comes behind what the others have had.
        if client.hasChangedChannels {
            for channel in catalog.channels.indices {
                let ids = Set(allowed.filter { $0.element.channel == channel }.map(\.element.id))
                violations += disorder(in: client.received.filter { ids.contains($0) }, order: order, of: client)
            }
        } else {
            violations += disorder(in: client.received, order: order, of: client)
        }
        let received = Set(client.received)
        for (index, entry) in required where !received.contains(entry.id) {
            // An id that came late belongs where it arrived.
            let place = entry.position
            let told = client.told.contains {
                $0.from == 0 || index < $0.before || place > LogPosition(high: $0.from - 1) && place.high <= $0.to
            }
            if !told {
                violations.append("\(entry.id) is lost, and nobody said so")
            }
        }
        return violations
    }

    private func position(of start: SimulatedClient.Start) -> LogPosition {
        journal.last { $0.id == start.id }?.position ?? LogPosition(high: start.id)
    }

    /// Whether an entry belongs to a log that began after the one that a start is in.
    private func isLater(_ index: Int, than start: SimulatedClient.Start) -> Bool {
        guard !wipes.isEmpty else { return false }
        let place = journal.lastIndex { $0.id == start.id } ?? start.after
        return life(of: index) > life(of: place)
    }

    private func isBehind(_ start: SimulatedClient.Start, _ index: Int) -> Bool {
        isLater(index, than: start) || journal[index].position > position(of: start)
    }

    private func disorder(in ids: [UInt64], order: [UInt64: Int], of client: SimulatedClient) -> [String] {
        zip(ids, ids.dropFirst()).compactMap { left, right in
            // Where a cursor stands that came late and was trimmed, nobody knows any more.
            let isExcused = hasPublisherIDs && client.receivedAfterGap.contains(right)
            guard let before = order[left], let after = order[right], before > after, !isExcused else { return nil }
            return "\(right) came after \(left)"
        }
    }
}
