import Foundation

extension BenchResult {
    /// The result for people, in lines.
    public var table: [String] {
        var rows: [(String, String)] = []
        func add(_ name: String, _ value: String?) {
            if let value { rows.append((name, value)) }
        }
        let figures = figures
        add("streams", figures.streamsOpened.map { streamsLine($0) })
        add("accepted", figures.acceptsPerSecond.map { "\(Amount.short($0)) streams/s" })
        add("hub processes", figures.hubs.map { Amount.whole($0) })
        add("deliveries", figures.deliveries.map { deliveriesLine($0) })
        add("lost, repeated, disordered", faults)
        add("latency", figures.latency.map(Self.line))
        add("latency before", figures.latencyBefore.map(Self.line))
        add("p99, during over before", figures.p99Ratio.map { Amount.decimal($0, 2) + "×" })
        add("caught up", figures.caughtUpSeconds.map { "in \(Amount.decimal($0, 2)) s" })
        add("server CPU", figures.serverCPUSeconds.map { cpuLine($0) })
        add("server memory", memoryLine)
        add("machine memory", figures.memoryPerStream.map { "\(Amount.decimal($0 / 1_000, 1)) kB a stream" })
        add("heartbeats", figures.heartbeats.flatMap { $0 > 0 ? Amount.whole($0) : nil })
        add("generator", figures.generatorCPU.map { generatorLine($0) })
        add("generator's ceiling", ceiling.map(Self.line))
        add("failure", figures.failure)
        let width = rows.map(\.0.count).max() ?? 0
        let runs = runs.count > 1 ? ", medians of \(runs.count) runs" : ""
        return ["\(scenario.rawValue): \(parameters.summary)\(runs)"]
            + rows.map { "  \($0.0.padding(toLength: width, withPad: " ", startingAt: 0))  \($0.1)" }
            + notes.map { "  note: \($0)" }
            + ["  \(machine.cpu), \(machine.cores) cores, Linux \(machine.kernel), \(date)"]
    }

    private func streamsLine(_ opened: Double) -> String {
        "\(Amount.whole(opened)) opened, \(Amount.whole(figures.streamsFailed ?? 0)) failed"
            + ", \(Amount.whole(figures.streamsEnded ?? 0)) ended"
    }

    private func deliveriesLine(_ count: Double) -> String {
        let rate = figures.deliveriesPerSecond.map { ", \(Amount.short($0))/s" } ?? ""
        return "\(Amount.short(count))\(rate)"
    }

    private var faults: String? {
        guard let lost = figures.lost else { return nil }
        return [lost, figures.repeated ?? 0, figures.disordered ?? 0].map(Amount.whole).joined(separator: ", ")
    }

    private func cpuLine(_ seconds: Double) -> String {
        "\(Amount.decimal(seconds, 2)) s"
            + (figures.cpuSecondsPerMillion.map { ", \(Amount.decimal($0, 2)) s per million deliveries" } ?? "")
    }

    private var memoryLine: String? {
        guard let before = figures.rssBefore, before > 0 else { return nil }
        let parts = [("before", before), ("idle", figures.rssIdle), ("peak", figures.rssPeak)].compactMap {
            name, value in
            value.map { "\(name) \(Amount.decimal($0 / 1_048_576, 1)) MiB" }
        }
        let each = figures.rssPerStream.map { ["\(Amount.decimal($0 / 1_000, 2)) kB a stream"] } ?? []
        return (parts + each).joined(separator: ", ")
    }

    private func generatorLine(_ share: Double) -> String {
        "\(Amount.decimal(share * 100, 0)) % of a core"
            + (figures.eventsPerRead.map { ", \(Amount.decimal($0, 1)) events a read" } ?? "")
    }

    private static func line(_ ceiling: Ceiling) -> String {
        "\(Amount.short(ceiling.rate))/s at \(Amount.decimal(ceiling.eventsPerRead, 1)) events a read"
    }

    private static func line(_ latency: LatencyFigures) -> String {
        [
            ("p50", latency.p50), ("p90", latency.p90), ("p99", latency.p99), ("p99.9", latency.p999),
            ("max", latency.max),
        ]
        .map { "\($0) \(Amount.decimal($1 / 1e6, 2)) ms" }.joined(separator: ", ")
    }
}

extension BenchParameters {
    fileprivate var summary: String {
        var parts = ["\(Amount.whole(Double(streams))) streams"]
        if projects > 1 { parts.append("\(Amount.whole(Double(projects))) projects") }
        if let rate { parts.append("\(Amount.decimal(rate, 0)) messages/s") }
        if let inFlight { parts.append("\(inFlight) in flight") }
        if let missed { parts.append("\(missed) missed events") }
        parts.append("\(size) bytes")
        if let relay { parts.append("own hub on \(relay)") }
        return parts.joined(separator: ", ")
    }
}

/// Numbers for people.
enum Amount {
    static func whole(_ value: Double) -> String {
        var digits = String(Int(value.rounded()))
        var index = digits.count - 3
        while index > 0, digits.first != "-" || index > 1 {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
            index -= 3
        }
        return digits
    }

    static func decimal(_ value: Double, _ places: Int) -> String {
        String(format: "%.\(places)f", value)
    }

    /// Three digits and a unit: `1.96 M`, `243 k`.
    static func short(_ value: Double) -> String {
        switch value {
        case ..<10_000: whole(value)
        case ..<1_000_000: decimal(value / 1e3, value < 100_000 ? 1 : 0) + " k"
        default: decimal(value / 1e6, 2) + " M"
        }
    }
}
