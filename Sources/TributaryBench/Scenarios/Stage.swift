import Foundation
import Glibc

/// What a run needs: a server, a generator, a publisher, and the figures so far.
///
/// Lives on the bench's thread; what it started ends with it.
final class Stage {
    let plan: BenchPlan
    let generator: Generator
    let publisher: Publisher?
    let gauge: ProcessGauge
    var progress: Progress
    var figures = RunFigures()
    /// The next number of each sequence.
    private(set) var sequences: [UInt64]
    private(set) var published: UInt64 = 0
    private let addresses: [MessageAddress]
    private var lane = 0
    private let servers: OwnServers?

    /// - Parameters:
    ///   - streams: how many the generator can hold, where that is not the plan's number.
    ///   - lane: which sequence a stream listens to.
    init(
        _ plan: BenchPlan, _ interruption: Interruption, _ progress: Progress, streams: Int? = nil,
        keepsIDs: Bool = false, hubArguments: [String] = [], lane: @escaping (Int) -> Int
    ) throws {
        self.plan = plan
        self.progress = progress
        let streams = streams ?? plan.streams
        let target: StreamTarget
        let publishing: PublishSpecification?
        if let theirs = plan.target {
            servers = nil
            target = theirs
            publishing = plan.publishing
            gauge = ProcessGauge(processes: plan.serverProcesses)
        } else {
            let own = try OwnServers(
                .init(
                    eventLoops: plan.eventLoops, usesRedis: plan.relay == .redis, serverCores: plan.serverCores,
                    generatorCores: plan.generatorCores, arguments: plan.hubArguments))
            let hub = try own.startHub(streams: streams, arguments: hubArguments)
            servers = own
            target = try StreamTarget(url: hub.url + Self.ownPath)
            publishing = plan.publishing(through: own.redisURL, or: hub.url)
            gauge = ProcessGauge(processes: own.processes)
        }
        let payload = publishing?.payload ?? PublishSpecification(way: .http, url: "").payload
        let projects = (0..<plan.lanes).map { "bench-\($0)" }
        generator = try Generator(
            target,
            .init(
                streams: streams, projects: projects, lane: lane,
                channels: plan.scenario == .mixed ? MixedTraffic.channels : "chat",
                marker: MessageMaker.marker(of: payload), sources: plan.sources?.addresses ?? [],
                keepsIDs: keepsIDs, interruption: interruption))
        publisher = try publishing.map { try Publisher($0) }
        sequences = Array(repeating: 0, count: plan.lanes)
        addresses = projects.map { MessageAddress(project: $0) }
        generator.publisher = publisher
        figures.rssBefore = measured(gauge.residentBytes)
    }

    /// Where the streams of the bench's own hub are.
    static let ownPath = "/stream?channels={channels}&project_id={project}&user_id={user}"

    /// A figure of the server's, if its processes are known.
    func measured(_ value: Int) -> Double? {
        gauge.processes.isEmpty ? nil : Double(value)
    }

    var deliveries: UInt64 { generator.book.pointee.deliveries }

    // MARK: Opening

    /// Opens streams, and books how fast that went.
    ///
    /// - Throws: ``BenchError`` if not one of them could be opened.
    func open(_ range: Range<Int>? = nil, eachTurn: () throws -> Void = {}) throws {
        let range = range ?? 0..<plan.streams
        let before = generator.opened
        let took = try generator.open(range, window: plan.window) {
            progress.say("\(Amount.whole(Double(generator.opened))) streams open")
            try eachTurn()
        }
        let opened = generator.opened - before
        figures.acceptsPerSecond = Double(opened) / (Double(max(took, 1)) / 1e9)
        noteStreams()
        if opened == 0, !range.isEmpty {
            throw BenchError("no stream could be opened: \(generator.failure ?? "no answer")")
        }
    }

    func noteStreams() {
        figures.streamsOpened = Double(generator.opened)
        figures.streamsFailed = Double(generator.failed)
        figures.streamsEnded = Double(generator.book.pointee.ended)
        figures.failure = publisher?.refusal ?? generator.failure
    }

    // MARK: Publishing

    /// Publishes the next message of the next sequence.
    func publishNext() {
        publish(lane: lane)
        lane = lane + 1 == addresses.count ? 0 : lane + 1
    }

    /// - Parameter address: where it goes, if not simply to the sequence's project.
    func publish(lane: Int, _ address: MessageAddress? = nil) {
        guard let publisher else { return }
        let sequence = sequences[lane]
        sequences[lane] += 1
        published += 1
        generator.book.pointee.flight.depart(lane: lane, sequence: sequence, streams: generator.counts[lane])
        publisher.publish(address ?? addresses[lane], sequence: sequence)
    }

    func project(of lane: Int) -> String { addresses[lane].project }

    /// One turn of reading and publishing.
    func turn(milliseconds: Int32) throws {
        try publisher?.flush(generator.epoll)
        try generator.turn(milliseconds: milliseconds)
        try publisher?.flush(generator.epoll)
    }

    /// Publishes one message to each sequence until every stream has seen one: a server may subscribe only when the first stream
    /// is there. What a stream sees first is where its count begins.
    ///
    /// - Throws: ``BenchError`` if some stream sees nothing within ten seconds.
    func prime() throws {
        let deadline = Clock.now + 10_000_000_000
        var again: UInt64 = 0
        while true {
            if isPrimed { break }
            let now = Clock.now
            if now > deadline {
                let refusal = publisher?.refusal.map { " (publishing: \($0))" } ?? ""
                throw BenchError("streams are open, but what is published does not arrive\(refusal)")
            }
            if now > again {
                // Longer than any server takes for a message, so that the second is not for nothing.
                again = now + 1_000_000_000
                for lane in unprimedLanes() {
                    while publisher?.hasRoom == false { try turn(milliseconds: 10) }
                    publish(lane: lane)
                }
            }
            try turn(milliseconds: 5)
        }
        generator.book.pointee.flight.forget()
    }

    /// Reads until nothing has come for a second, at most for ten.
    func waitForSilence() throws {
        let began = Clock.now
        var seen = generator.book.pointee.reads
        var moved = began
        while Clock.now - moved < 1_000_000_000, Clock.now - began < 10_000_000_000 {
            try turn(milliseconds: 20)
            if generator.book.pointee.reads != seen {
                seen = generator.book.pointee.reads
                moved = Clock.now
            }
        }
    }

    private var isPrimed: Bool {
        (0..<generator.configuration.streams).allSatisfy { !generator.streams[$0].isUnprimed }
    }

    private func unprimedLanes() -> [Int] {
        var isUnprimed = [Bool](repeating: false, count: sequences.count)
        for index in 0..<generator.configuration.streams where generator.streams[index].isUnprimed {
            isUnprimed[Int(generator.streams[index].lane)] = true
        }
        return isUnprimed.indices.filter { isUnprimed[$0] }
    }

    /// Waits until every stream has all that was published, at most until nothing has come for three seconds.
    func settle() throws {
        var seen = deliveries
        var moved = Clock.now
        while !isSettled || publisher?.isIdle == false {
            try turn(milliseconds: 5)
            let now = Clock.now
            if deliveries != seen {
                seen = deliveries
                moved = now
            }
            if now - moved > 3_000_000_000 { return }
        }
    }

    private var isSettled: Bool {
        for index in 0..<generator.configuration.streams {
            let state = generator.streams + index
            if state.pointee.phase == .open, !state.pointee.isSlow,
                state.pointee.check.next != sequences[Int(state.pointee.lane)]
            {
                return false
            }
        }
        return true
    }

    /// Books what was lost, repeated and out of order since the beginning.
    func noteFaults() {
        var lost: UInt64 = 0
        var repeated = 0
        var disordered = 0
        for index in 0..<generator.configuration.streams {
            let state = generator.streams + index
            guard state.pointee.wasOpened, !state.pointee.isSlow else { continue }
            let check = state.pointee.check
            lost += check.lost(of: sequences[Int(state.pointee.lane)])
            repeated += Int(check.repeated)
            disordered += Int(check.disordered)
        }
        figures.lost = Double(lost)
        figures.repeated = Double(repeated)
        figures.disordered = Double(disordered)
        figures.gaps = Double(generator.book.pointee.gaps)
        figures.heartbeats = Double(generator.book.pointee.comments)
        figures.refused = Double(publisher?.refused ?? 0)
        noteStreams()
    }

    /// Books how much memory the server has now, if it is more than before.
    func notePeak() {
        guard let now = measured(gauge.residentBytes) else { return }
        figures.rssPeak = max(figures.rssPeak ?? 0, now)
    }

    func noteIdle() {
        figures.rssIdle = measured(gauge.residentBytes)
        if let idle = figures.rssIdle, let before = figures.rssBefore, generator.opened > 0 {
            figures.rssPerStream = (idle - before) / Double(generator.opened)
        }
        notePeak()
    }
}

extension BenchPlan {
    /// How a hub of the bench's own is published to.
    func publishing(through redis: String?, or hub: String) -> PublishSpecification {
        // Who resumes needs events with an id.
        let way: PublishSpecification.Way = [.reconnect, .replay].contains(scenario) ? .fcall : .redis
        var specification =
            redis.map { PublishSpecification(way: way, url: $0) }
            ?? PublishSpecification(way: .http, url: hub + "/publish")
        specification.size = size
        return specification
    }
}
