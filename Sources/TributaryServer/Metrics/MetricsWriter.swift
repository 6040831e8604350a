import NIOCore

/// Writes families as a scraper reads them.
struct MetricsWriter {
    let format: MetricsFormat
    private var buffer = ByteBuffer()

    static func write(_ families: [MetricFamily], as format: MetricsFormat) -> ByteBuffer {
        var writer = MetricsWriter(format: format)
        writer.buffer.reserveCapacity(32 << 10)
        for family in families where !family.series.isEmpty { writer.write(family) }
        if format == .openMetrics { writer.buffer.writeString("# EOF\n") }
        return writer.buffer
    }

    private init(format: MetricsFormat) {
        self.format = format
    }

    private mutating func write(_ family: MetricFamily) {
        let isOpen = format == .openMetrics
        let suffix =
            switch family.kind {
            case .counter: "_total"
            case .info: "_info"
            case .gauge, .histogram: ""
            }
        let name = isOpen ? family.name : family.name + suffix
        let kind = family.kind == .info && !isOpen ? "gauge" : family.kind.rawValue
        buffer.writeString("# HELP \(name) \(escaped(family.help, quotes: isOpen))\n# TYPE \(name) \(kind)\n")
        for series in family.series {
            switch series.value {
            case .integer(let value): line(family.name + suffix, series.labels, String(value))
            case .number(let value): line(family.name + suffix, series.labels, short(value))
            case .histogram(let bounds, let counts, let sum):
                for (bound, count) in zip(bounds + [.infinity], counts) {
                    let label = MetricLabel(name: "le", value: text(bound))
                    line(family.name + "_bucket", series.labels + [label], String(count))
                }
                line(family.name + "_sum", series.labels, short(sum))
                line(family.name + "_count", series.labels, String(counts.last ?? 0))
            }
        }
    }

    private mutating func line(_ name: String, _ labels: [MetricLabel], _ value: String) {
        buffer.writeString(name)
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            buffer.writeString("{\(pairs.joined(separator: ","))}")
        }
        buffer.writeString(" \(value)\n")
    }

    /// A whole number without a fraction; a bound keeps it, as the two formats and their readers have to agree on it.
    private func short(_ value: Double) -> String {
        Int64(exactly: value).map { String($0) } ?? text(value)
    }

    private func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return "\(value)"
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
