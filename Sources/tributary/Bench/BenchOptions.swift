import ArgumentParser
import TributaryBench

/// How hard `bench` loads a server.
struct BenchLoadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Streams. (default: the scenario's)", valueName: "N"))
    var streams: Int?

    @Option(help: ArgumentHelp("How long is measured. (default: the scenario's)", valueName: "S"))
    var seconds: Double?

    @Option(help: ArgumentHelp("How long there is load before that.", valueName: "S"))
    var warmup = 1.0

    @Option(help: ArgumentHelp("Messages a second (latency, mixed, reconnect).", valueName: "N"))
    var rate: Double?

    @Option(
        help: ArgumentHelp(
            "Messages in flight: the next is published when one has reached all (fanout, channels).", valueName: "N"))
    var inFlight: Int?

    @Option(help: ArgumentHelp("Events that each stream has missed (reconnect, replay).", valueName: "N"))
    var missed: Int?

    @Option(help: ArgumentHelp("Bytes of an event's data.", valueName: "N"))
    var size = 200

    @Option(help: ArgumentHelp("Runs; the figures are medians.", valueName: "N"))
    var runs = 1

    @Option(help: ArgumentHelp("Connections that may be unanswered at a time.", valueName: "N"))
    var window = 512

    @Flag(inversion: .prefixedNo, help: "Measure the generator's own ceiling beside fanout and channels.")
    var ceiling = true

    func apply(to plan: inout BenchPlan) throws {
        plan.streams = streams ?? plan.streams
        plan.seconds = seconds ?? plan.seconds
        plan.warmup = warmup
        plan.rate = rate ?? plan.rate
        plan.inFlight = inFlight ?? plan.inFlight
        plan.missed = missed ?? plan.missed
        plan.size = size
        plan.runs = runs
        plan.window = window
        plan.measuresCeiling = ceiling
    }
}

/// Which server `bench` loads, and where both run.
struct BenchServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Streams of a server that is there. (default: a hub of the bench's own)", valueName: "URL"))
    var url: String?

    @Option(help: ArgumentHelp("One more header of each stream's request.", valueName: "NAME: VALUE"))
    var header: [String] = []

    @Option(help: ArgumentHelp("That server's processes, for CPU time and memory.", valueName: "PID,…"))
    var serverPid: String?

    @Option(
        help: ArgumentHelp(
            "Local addresses to connect from, 28,000 ports each: 127.0.0.1-127.0.0.8. (default: on loopback, one for 8,000 streams)",
            valueName: "ADDRESSES"))
    var from: String?

    @Option(
        help: ArgumentHelp("Cores of the bench's own hub: 0, 0,2, 2-5 or all. (default: the first)", valueName: "CORES")
    )
    var serverCpu: String?

    @Option(help: ArgumentHelp("Cores of the generator. (default: the second)", valueName: "CORES"))
    var generatorCpu: String?

    @Option(help: ArgumentHelp("Event loops of the bench's own hub.", valueName: "N"))
    var eventLoops = 1

    @Option(
        help: ArgumentHelp(
            "What carries the own hub's events: memory, or redis, a redis-server of the bench's own.",
            valueName: "RELAY"))
    var relay: BenchPlan.Relay?

    @Option(
        help: ArgumentHelp(
            "One more argument of the own hub's `serve`, as --hub-argument=--replay-limit=500.", valueName: "ARGUMENT"))
    var hubArgument: [String] = []

    func apply(to plan: inout BenchPlan) throws {
        plan.target = try url.map { try StreamTarget(url: $0, headers: header) }
        guard url != nil || header.isEmpty else { throw UsageError("--header goes with --url") }
        plan.serverProcesses =
            try serverPid?.split(separator: ",").map { text in
                guard let number = Int32(text), number > 0 else {
                    throw UsageError("--server-pid: \"\(text)\" is no process")
                }
                return number
            } ?? []
        guard url != nil || serverPid == nil else { throw UsageError("--server-pid goes with --url") }
        plan.sources = try from.map { try SourceAddresses($0) }
        if let serverCpu { plan.serverCores = try Cores(serverCpu, option: "--server-cpu") }
        if let generatorCpu { plan.generatorCores = try Cores(generatorCpu, option: "--generator-cpu") }
        plan.eventLoops = eventLoops
        plan.relay = relay ?? plan.relay
        plan.hubArguments = hubArgument
    }
}

/// How `bench` publishes to a server that is not its own.
struct BenchPublishOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("redis (PUBLISH), fcall (the hub's function in Redis) or http (POST).", valueName: "WAY"))
    var publish: PublishSpecification.Way?

    @Option(help: ArgumentHelp("redis://[user:password@]host[:port][/database]", valueName: "URL"))
    var redis: String?

    @Option(help: ArgumentHelp("Redis channel, with {project} {channel} {event}.", valueName: "NAME"))
    var redisChannel: String?

    @Option(help: ArgumentHelp("Where to POST, with the same fields.", valueName: "URL"))
    var publishURL: String?

    @Option(
        help: ArgumentHelp(
            "What is published, with {payload} and all fields. (default: what Tributary takes; {payload} alone with --payload)",
            valueName: "TEXT"))
    var publishBody: String?

    @Option(help: ArgumentHelp("One more header of each POST.", valueName: "NAME: VALUE"))
    var publishHeader: [String] = []

    @Option(
        help: ArgumentHelp(
            "POSTs that may be unanswered at a time; 1 for a server that takes no pipeline.", valueName: "N"))
    var publishPipeline = 1_024

    @Option(
        help: ArgumentHelp(
            """
            An event's data, with {sequence}, {time} behind it, and {pad} that brings it to --size. The text before {sequence} is \
            what it is found by in what arrives.
            """, valueName: "TEXT"))
    var payload: String?

    func apply(to plan: inout BenchPlan) throws {
        guard let way = publish else {
            let others: [Any?] = [redis, redisChannel, publishURL, publishBody, payload]
            guard others.allSatisfy({ $0 == nil }), publishHeader.isEmpty else {
                throw UsageError("--publish is missing: redis, fcall or http")
            }
            return
        }
        guard plan.target != nil else {
            throw UsageError("--publish goes with --url; see --relay for the bench's own hub")
        }
        guard let url = way == .http ? publishURL : redis else {
            throw UsageError("--publish \(way.rawValue) goes with \(way == .http ? "--publish-url" : "--redis")")
        }
        let body = publishBody.map { Template($0) } ?? payload.map { _ in Template("{payload}") }
        var specification = PublishSpecification(way: way, url: url, body: body)
        if let redisChannel { specification.redisChannel = Template(redisChannel) }
        if let payload { specification.payload = Template(payload) }
        specification.headers = publishHeader.map { Template($0) }
        specification.pipeline = publishPipeline
        specification.size = plan.size
        try specification.check()
        plan.publishing = specification
    }
}
