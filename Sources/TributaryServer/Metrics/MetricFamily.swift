import TributaryCore

/// All series of one name, as they are when somebody asks.
struct MetricFamily: Equatable, Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram
        /// A gauge that is always 1 and whose labels say something of the process.
        case info
    }

    enum Value: Equatable, Sendable {
        case integer(UInt64)
        case number(Double)
        /// For each upper bound how many values there were up to it; then all of them, and their sum.
        case histogram(bounds: [Double], counts: [UInt64], sum: Double)
    }

    struct Series: Equatable, Sendable {
        var labels: [MetricLabel] = []
        var value: Value
    }

    /// Without the `_total` or `_info` that its series have behind it.
    let name: String
    let kind: Kind
    /// One line for people.
    let help: String
    var series: [Series]
}

/// What tells the series of a name apart.
struct MetricLabel: Hashable, Comparable, Sendable {
    let name: String
    let value: String

    static func < (left: MetricLabel, right: MetricLabel) -> Bool {
        (left.name, left.value) < (right.name, right.value)
    }
}

extension MetricFamily {
    static func counter(_ name: String, _ help: String, _ value: UInt64) -> MetricFamily {
        MetricFamily(name: name, kind: .counter, help: help, series: [Series(value: .integer(value))])
    }

    /// One series for each value of a label.
    static func counter(
        _ name: String, _ help: String, by label: String, _ values: [(String, UInt64)]
    ) -> MetricFamily {
        let series = values.map { Series(labels: [MetricLabel(name: label, value: $0.0)], value: .integer($0.1)) }
        return MetricFamily(name: name, kind: .counter, help: help, series: series)
    }

    static func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
        MetricFamily(name: name, kind: .gauge, help: help, series: [Series(value: .number(Double(value)))])
    }

    static func gauge(_ name: String, _ help: String, seconds: Double) -> MetricFamily {
        MetricFamily(name: name, kind: .gauge, help: help, series: [Series(value: .number(seconds))])
    }

    static func gauge(_ name: String, _ help: String, _ value: Bool) -> MetricFamily {
        gauge(name, help, value ? 1 : 0)
    }

    static func gauge(_ name: String, _ help: String, by label: String, _ values: [(String, Double)]) -> MetricFamily {
        let series = values.map { Series(labels: [MetricLabel(name: label, value: $0.0)], value: .number($0.1)) }
        return MetricFamily(name: name, kind: .gauge, help: help, series: series)
    }

    static func histogram(_ name: String, _ help: String, _ histogram: Histogram) -> MetricFamily {
        MetricFamily(name: name, kind: .histogram, help: help, series: [Series(value: Value(histogram))])
    }

    static func histogram(
        _ name: String, _ help: String, by label: String, _ histograms: [(String, Histogram)]
    ) -> MetricFamily {
        let series = histograms.map {
            Series(labels: [MetricLabel(name: label, value: $0.0)], value: Value($0.1))
        }
        return MetricFamily(name: name, kind: .histogram, help: help, series: series)
    }
}

extension MetricFamily.Value {
    init(_ histogram: Histogram) {
        var sum: UInt64 = 0
        let counts = histogram.counts.map { count in
            sum += count
            return sum
        }
        self = .histogram(
            bounds: histogram.bounds.map { Double($0) / histogram.scale }, counts: counts,
            sum: Double(histogram.sum) / histogram.scale
        )
    }
}
