import Foundation

/// How hard a scenario was run.
public struct BenchParameters: Sendable, Codable, Equatable {
    public var streams: Int
    public var seconds: Double
    public var warmup: Double
    public var rate: Double?
    public var inFlight: Int?
    public var missed: Int?
    public var size: Int
    public var runs: Int
    public var projects: Int
    public var serverCores: String
    public var generatorCores: String
    /// Of the bench's own hub.
    public var eventLoops: Int?
    public var relay: String?
    /// Where the streams were opened, without credentials, where it is not a hub of the bench's own.
    public var url: String?
    public var publish: String?

    enum CodingKeys: String, CodingKey {
        case streams, seconds, warmup, rate, missed, size, runs, projects, relay, url, publish
        case inFlight = "in_flight"
        case serverCores = "server_cpu"
        case generatorCores = "generator_cpu"
        case eventLoops = "event_loops"
    }
}

/// What the generator can take, found with a server that does nothing but write.
public struct Ceiling: Sendable, Codable, Equatable {
    /// What arrived; the server may have been what held it back.
    public var deliveriesPerSecond: Double
    /// What a second of the generator's own CPU time is enough for.
    public var deliveriesPerCPUSecond: Double
    public var eventsPerRead: Double
    public var generatorCPU: Double
    public var streams: Int

    enum CodingKeys: String, CodingKey {
        case streams
        case deliveriesPerSecond = "deliveries_per_second"
        case deliveriesPerCPUSecond = "deliveries_per_cpu_second"
        case eventsPerRead = "events_per_read"
        case generatorCPU = "generator_cpu"
    }

    /// The higher of both: the rate that the generator is good for.
    var rate: Double { max(deliveriesPerSecond, deliveriesPerCPUSecond) }
}

/// One set of runs, as it goes into a file.
public struct BenchResult: Sendable, Encodable {
    public var scenario: Scenario
    public var version: String
    public var date: String
    public var command: String
    public var machine: Machine
    public var parameters: BenchParameters
    /// Medians of the runs; its fields stand beside these.
    public var figures: RunFigures
    public var runs: [RunFigures]
    public var ceiling: Ceiling?
    /// What a reader of the figures has to know.
    public var notes: [String]

    enum CodingKeys: String, CodingKey {
        case tool, scenario, version, date, command, machine, parameters, runs, ceiling, notes
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("tributary bench", forKey: .tool)
        try container.encode(scenario, forKey: .scenario)
        try container.encode(version, forKey: .version)
        try container.encode(date, forKey: .date)
        try container.encode(command, forKey: .command)
        try container.encode(machine, forKey: .machine)
        try container.encode(parameters, forKey: .parameters)
        try container.encode(runs, forKey: .runs)
        try container.encodeIfPresent(ceiling, forKey: .ceiling)
        try container.encode(notes, forKey: .notes)
        try figures.encode(to: encoder)
    }

    /// One JSON object, keys sorted.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
