import Foundation
import Glibc

/// Runs a plan.
public struct Bench: Sendable {
    let plan: BenchPlan
    let interruption: Interruption
    let tell: @Sendable (String) -> Void

    /// - Parameters:
    ///   - interruption: ends the measurement when a stop is requested.
    ///   - tell: takes lines about the progress.
    public init(_ plan: BenchPlan, interruption: Interruption, tell: @escaping @Sendable (String) -> Void) {
        self.plan = plan
        self.interruption = interruption
        self.tell = tell
    }

    /// Measures, on the calling thread, which has to live on until this returns and is pinned to the generator's cores.
    ///
    /// - Throws: ``BenchError`` for what cannot be measured.
    public func run() throws -> BenchResult {
        plan.generatorCores.pin()
        var result = BenchResult(
            scenario: plan.scenario, version: plan.version, date: Date.now.ISO8601Format(), command: plan.command,
            machine: .current, parameters: plan.parameters, figures: RunFigures(), runs: [], ceiling: nil, notes: [])
        for number in 1...max(1, plan.runs) {
            result.runs.append(try runOnce(number, &result.notes))
        }
        result.figures = RunFigures(mediansOf: result.runs)
        if plan.scenario == .ceiling {
            result.ceiling = result.figures.ceiling(streams: plan.streams)
        } else if plan.measuresCeiling, plan.hasThroughput {
            tell("the generator's own ceiling …")
            let streams = min(plan.streams, Sink.maximumStreams)
            result.ceiling = try measureCeiling(streams: streams, seconds: 2).ceiling(streams: streams)
        }
        result.notes += remarks(result)
        return result
    }

    private func runOnce(_ number: Int, _ notes: inout [String]) throws -> RunFigures {
        let title = plan.runs > 1 ? "\(plan.scenario.rawValue), run \(number) of \(plan.runs)" : plan.scenario.rawValue
        let progress = Progress(title, tell: tell)
        switch plan.scenario {
        case .fanout, .channels: return try throughput(progress)
        case .latency: return try latency(progress)
        case .mixed: return try mixed(progress)
        case .idle: return try idle(progress)
        case .ramp: return try ramp(progress)
        case .reconnect: return try reconnect(progress)
        case .replay: return try replay(progress)
        case .million: return try million(progress, &notes)
        case .ceiling: return try measureCeiling(streams: plan.streams, seconds: plan.seconds)
        }
    }

    /// What the reader of the figures must not miss.
    private func remarks(_ result: BenchResult) -> [String] {
        var notes: [String] = []
        let figures = result.figures
        if let ceiling = result.ceiling, let rate = figures.deliveriesPerSecond, plan.scenario != .ceiling,
            rate > 0.7 * ceiling.rate || (figures.generatorCPU ?? 0) > 0.9
        {
            notes.append("near the generator's own ceiling: the server may be able to do more than this")
        }
        if plan.serverCores.numbers.isEmpty || plan.serverCores == plan.generatorCores {
            notes.append("server and generator share cores")
        }
        let missing = (figures.lost ?? 0) + (figures.repeated ?? 0) + (figures.disordered ?? 0)
        if missing > 0 { notes.append("events were lost, repeated or out of order: see the figures") }
        return notes
    }
}

extension BenchPlan {
    fileprivate var hasThroughput: Bool { scenario == .fanout || scenario == .channels }

    fileprivate var parameters: BenchParameters {
        BenchParameters(
            streams: streams, seconds: seconds, warmup: warmup, rate: rate > 0 ? rate : nil,
            inFlight: inFlight > 0 ? inFlight : nil, missed: missed > 0 ? missed : nil, size: size, runs: runs,
            projects: lanes, serverCores: serverCores.description, generatorCores: generatorCores.description,
            eventLoops: target == nil ? eventLoops : nil, relay: target == nil ? relay.rawValue : nil,
            url: target.map { String($0.url.source.prefix { $0 != "?" }) }, publish: publishing?.way.rawValue)
    }
}

extension RunFigures {
    fileprivate func ceiling(streams: Int) -> Ceiling {
        let rate = deliveriesPerSecond ?? 0
        let cpu = generatorCPU ?? 1
        return Ceiling(
            deliveriesPerSecond: rate, deliveriesPerCPUSecond: cpu > 0 ? rate / cpu : rate,
            eventsPerRead: eventsPerRead ?? 0, generatorCPU: cpu, streams: streams)
    }
}
