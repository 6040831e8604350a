import Foundation
import Glibc

extension Bench {
    /// `million`: as many hubs, and as many processes that hold streams, as the limit of open files asks for. Streams get
    /// heartbeats; at the end one event goes to all.
    func million(_ progress: Progress, _ notes: inout [String]) throws -> RunFigures {
        var crowd = try Crowd(plan, interruption, progress)
        let began = Clock.now
        try crowd.fill(&notes)
        var figures = RunFigures()
        let before = crowd.total
        guard before.opened > 0 else { throw BenchError("no stream could be opened: \(before.failure ?? "no answer")") }
        figures.acceptsPerSecond = Double(before.opened) / (Double(Clock.now - began) / 1e9)
        let meter = Clock.now
        let cpu = crowd.gauge.cpuSeconds
        try crowd.hold(seconds: plan.seconds)
        figures.seconds = Double(Clock.now - meter) / 1e9
        figures.serverCPUSeconds = crowd.gauge.cpuSeconds - cpu
        figures.heartbeats = Double(crowd.total.heartbeats - before.heartbeats)
        figures.rssBefore = Double(crowd.emptyBytes)
        let idle = crowd.gauge.residentBytes
        figures.rssIdle = Double(idle)
        figures.rssPerStream = Double(idle - crowd.emptyBytes) / Double(before.opened)
        figures.memoryPerStream = Double(crowd.freeBefore - ProcessGauge.availableBytes) / Double(before.opened)
        try crowd.publish()
        let after = crowd.total
        figures.rssPeak = Double(max(idle, crowd.gauge.residentBytes))
        figures.hubs = Double(crowd.servers.hubs.count)
        figures.streamsOpened = Double(after.opened)
        figures.streamsFailed = Double(after.failed)
        figures.streamsEnded = Double(after.ended)
        figures.published = crowd.servers.redisURL == nil ? figures.hubs : 1
        figures.deliveries = Double(after.deliveries)
        figures.lost = Double(max(0, after.opened - after.deliveries))
        figures.repeated = Double(after.repeated)
        figures.disordered = 0
        figures.caughtUpSeconds = Double(after.slowest) / 1e9
        figures.failure = after.failure
        return figures
    }
}

/// Many hubs, and the processes that hold their streams.
private struct Crowd {
    let plan: BenchPlan
    let interruption: Interruption
    var progress: Progress
    let servers: OwnServers
    /// What the machine could give before anything ran.
    let freeBefore: Int
    /// What the hubs needed without streams.
    private(set) var emptyBytes = 0
    private var holders: [ChildProcess] = []
    private let folder: String

    init(_ plan: BenchPlan, _ interruption: Interruption, _ progress: Progress) throws {
        self.plan = plan
        self.interruption = interruption
        self.progress = progress
        freeBefore = ProcessGauge.availableBytes
        servers = try OwnServers(
            .init(
                eventLoops: plan.eventLoops, usesRedis: plan.relay == .redis, serverCores: plan.serverCores,
                generatorCores: plan.generatorCores, arguments: plan.hubArguments))
        folder = servers.folder
    }

    var gauge: ProcessGauge { ProcessGauge(processes: servers.processes) }

    var total: StreamHolder.Report {
        holders.map(Self.report).reduce(into: StreamHolder.Report()) { total, each in
            total.opened += each.opened
            total.failed += each.failed
            total.ended += each.ended
            total.deliveries += each.deliveries
            total.repeated += each.repeated
            total.heartbeats += each.heartbeats
            total.slowest = max(total.slowest, each.slowest)
            total.failure = total.failure ?? each.failure
        }
    }

    private static func report(_ holder: ChildProcess) -> StreamHolder.Report {
        (try? JSONDecoder().decode(StreamHolder.Report.self, from: Data(holder.lastLine.utf8))) ?? .init()
    }

    /// Opens streams, hub by hub, until there are enough or the machine has no more to give.
    mutating func fill(_ notes: inout [String]) throws {
        let each = Self.streamsPerProcess
        var rest = plan.streams
        while rest > 0 {
            let count = min(each, rest)
            let needed = count * Self.bytesPerStream + Self.reserve
            guard ProcessGauge.availableBytes > needed else {
                notes.append(
                    "stopped at \(Amount.whole(Double(plan.streams - rest))) streams: the memory left is for the machine itself"
                )
                return
            }
            do {
                try add(count, number: plan.streams - rest)
            } catch let error as BenchError where error != .interrupted && !holders.isEmpty {
                notes.append("stopped at \(Amount.whole(Double(total.opened))) streams: \(error)")
                return
            }
            rest -= count
        }
    }

    /// One more hub and its streams.
    private mutating func add(_ count: Int, number: Int) throws {
        let hub = try servers.startHub(streams: count)
        emptyBytes += ProcessGauge(processes: [hub.child.process]).residentBytes
        let specification = plan.publishing(through: servers.redisURL, or: hub.url)
        let order = StreamHolder.Order(
            url: hub.url + "/stream?channels=chat&project_id=bench-0&user_id={user}", streams: count,
            firstNumber: number, marker: try MessageMaker.marker(of: specification.payload),
            sources: plan.sources?.names ?? [], window: 256)
        let json = String(decoding: try JSONEncoder().encode(order), as: UTF8.self)
        let holder = try ChildProcess(
            [ChildProcess.ownExecutable, "bench-hold", json], on: plan.generatorCores, folder: folder, hasInput: true
        )
        holders.append(holder)
        var seen = 0
        var moved = Clock.now
        while true {
            let report = Self.report(holder)
            if report.opened + report.failed >= count { break }
            let now = Clock.now
            if report.opened != seen { (seen, moved) = (report.opened, now) }
            guard holder.isRunning, now - moved < Self.stall else {
                throw BenchError("streams are opened no more: \(holder.lastLine)")
            }
            try wait()
        }
        say("\(Amount.whole(Double(total.opened))) streams on \(servers.hubs.count) hubs")
    }

    mutating func hold(seconds: Double) throws {
        let deadline = Clock.now + seconds.nanoseconds
        while Clock.now < deadline {
            try wait()
            say("\(Amount.whole(Double(total.opened))) streams are idle")
        }
    }

    /// One event for all: through Redis one message, without it one to each hub.
    mutating func publish() throws {
        let time = Clock.now
        let specifications =
            servers.redisURL.map { [plan.publishing(through: $0, or: "")] }
            ?? servers.hubs.map { plan.publishing(through: nil, or: $0.url) }
        for specification in specifications {
            let route = try PublishRoute(specification)
            var maker = MessageMaker(payload: specification.payload, body: specification.body, size: plan.size)
            var bytes: [UInt8] = []
            route.append(to: &bytes, &maker, MessageAddress(project: "bench-0"), sequence: 0, time: time)
            let address = try Socket.resolve(route.host, port: route.port)
            var answer = BlockingRequest.exchange(address, bytes)
            // A hub whose Redis was busy for too long may just be coming back: then nobody listens, and nobody has it.
            for _ in 0..<80 where answer?.starts(with: ":0\r".utf8) == true {
                try wait()
                answer = BlockingRequest.exchange(address, bytes)
            }
            guard let answer, answer.first == 0x3A || answer.starts(with: "HTTP/1.1 200".utf8) else {
                throw BenchError("the event could not be published: \(String(decoding: answer ?? [], as: UTF8.self))")
            }
        }
        var (deliveries, moved) = (total.deliveries, Clock.now)
        // However long a small machine takes for so many: only when nobody gets it any more, the rest is lost.
        while deliveries < total.opened, Clock.now - moved < Self.stall {
            try wait()
            let now = total.deliveries
            if now != deliveries { (deliveries, moved) = (now, Clock.now) }
            say("\(Amount.whole(Double(deliveries))) streams have the event")
        }
        // A second report, so that what came twice is seen as well.
        for _ in 0..<8 { try wait() }
    }

    private mutating func say(_ text: String) {
        progress.say(text)
    }

    private func wait() throws {
        guard !interruption.isRequested else { throw BenchError.interrupted }
        usleep(250_000)
    }

    /// What the limit of open files leaves of a process.
    private static var streamsPerProcess: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 900 }
        return max(100, Int(min(limit.rlim_cur, 1 << 20)) - 400)
    }

    /// 30 s: so long nothing may happen.
    private static let stall: UInt64 = 30_000_000_000
    /// Kernel memory of both ends, the hub's and the holder's.
    private static let bytesPerStream = 18_000
    /// The machine goes on with this.
    private static let reserve = 1 << 30
}
