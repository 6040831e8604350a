/// What is measured.
public enum Scenario: String, Sendable, Codable, CaseIterable {
    case fanout, latency, channels, mixed, idle, ramp, reconnect, replay, million, ceiling
}

/// A measurement in full: what, against whom, how hard.
public struct BenchPlan: Sendable {
    /// What carries the events of the bench's own hub.
    public enum Relay: String, Sendable, Codable, CaseIterable {
        case redis, memory
    }

    public var scenario: Scenario
    public var streams: Int
    /// Of measuring, after the warm-up.
    public var seconds: Double
    public var warmup = 1.0
    /// Messages a second, where they come at a rate.
    public var rate: Double
    /// Messages that may be on their way, where the next one waits for them.
    public var inFlight: Int
    /// Events that a resuming stream has missed.
    public var missed: Int
    /// Bytes of an event's data.
    public var size = 200
    /// The figures of several runs are medians.
    public var runs = 1
    /// Connections that may be unanswered at a time.
    public var window = 512
    /// Somebody else's server; `nil` for a hub of the bench's own.
    public var target: StreamTarget?
    /// How messages are published to somebody else's server.
    public var publishing: PublishSpecification?
    /// Processes of somebody else's server, for CPU time and memory.
    public var serverProcesses: [Int32] = []
    public var sources: SourceAddresses?
    public var serverCores: Cores
    public var generatorCores: Cores
    /// Of the bench's own hub.
    public var eventLoops = 1
    public var relay: Relay
    /// More arguments for the bench's own hub.
    public var hubArguments: [String] = []
    /// Whether the generator's own ceiling is measured beside a throughput.
    public var measuresCeiling = true
    /// The command line, for the record.
    public var command = ""
    /// The version of the program, for the record.
    public var version = ""

    /// The scenario as the documents describe it.
    public init(_ scenario: Scenario) {
        let cores = Cores.halves
        self.scenario = scenario
        serverCores = cores.server
        generatorCores = cores.generator
        (streams, seconds, rate, inFlight, missed) = scenario.standard
        // Where streams resume, the hub's memory is what is measured, not Redis.
        let live: Set<Scenario> = [.fanout, .latency, .channels, .mixed]
        relay = live.contains(scenario) && OwnServers.hasRedis ? .redis : .memory
    }

    /// Sequences of events, each in a project of its own.
    var lanes: Int {
        switch scenario {
        case .channels: streams
        case .mixed: max(1, streams / 50)
        case .reconnect: 2
        default: 1
        }
    }
}

extension Scenario {
    fileprivate var standard: (streams: Int, seconds: Double, rate: Double, inFlight: Int, missed: Int) {
        switch self {
        case .fanout: (1_000, 5, 0, 16, 0)
        case .latency: (1_000, 10, 50, 0, 0)
        case .channels: (5_000, 5, 0, 512, 0)
        case .mixed: (1_000, 15, 200, 0, 0)
        case .idle: (10_000, 5, 0, 16, 0)
        case .ramp: (10_000, 0, 0, 0, 0)
        case .reconnect: (10_000, 5, 50, 0, 50)
        case .replay: (1_000, 0, 0, 0, 200)
        case .million: (1_000_000, 30, 0, 0, 0)
        case .ceiling: (1_000, 3, 0, 16, 0)
        }
    }
}

extension BenchPlan {
    /// - Throws: ``BenchError`` that names the option and what it can be.
    public func check() throws {
        try within("--streams", Double(streams), 1...4_000_000)
        try within("--seconds", seconds, 0...3_600)
        try within("--warmup", warmup, 0...600)
        try within("--rate", rate, 0...1_000_000)
        try within("--in-flight", Double(inFlight), 0...Double(Flight.maximum / 2))
        try within("--missed", Double(missed), 0...10_000)
        try within("--size", Double(size), 1...1_000_000)
        try within("--runs", Double(runs), 1...1_000)
        try within("--window", Double(window), 1...100_000)
        try within("--event-loops", Double(eventLoops), 1...1_024)
        switch scenario {
        case .fanout, .channels: try positive("--in-flight", Double(inFlight))
        case .latency, .mixed: try positive("--rate", rate)
        case .reconnect:
            try positive("--rate", rate)
            try positive("--missed", Double(missed))
        case .replay: try positive("--missed", Double(missed))
        case .idle, .ramp, .million, .ceiling: break
        }
        if target != nil, publishing == nil, ![.idle, .ramp, .ceiling].contains(scenario) {
            throw BenchError("\(scenario.rawValue): --publish is missing: how are messages published to that server?")
        }
        if target != nil, scenario == .million || scenario == .ceiling {
            throw BenchError("\(scenario.rawValue) does not go with --url")
        }
        if relay == .redis, target == nil, !OwnServers.hasRedis {
            throw BenchError("--relay redis: there is no redis-server in PATH")
        }
    }

    private func within(_ option: String, _ value: Double, _ range: ClosedRange<Double>) throws {
        guard range.contains(value) else {
            throw BenchError("\(option): \(Amount.whole(range.lowerBound)) to \(Amount.whole(range.upperBound))")
        }
    }

    private func positive(_ option: String, _ value: Double) throws {
        guard value > 0 else { throw BenchError("\(option): \(scenario.rawValue) needs one") }
    }
}
