/// The two texts that `/metrics` speaks.
enum MetricsFormat: Equatable, Sendable {
    /// https://prometheus.io/docs/instrumenting/exposition_formats/
    case prometheus
    /// https://prometheus.io/docs/specs/om/open_metrics_spec/
    case openMetrics

    var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// What an `Accept` field asks for. Prometheus' own text is for everybody who does not ask for OpenMetrics at least as much.
    init(accepting field: String?) {
        var openMetrics = 0.0
        var text = 0.0
        for range in (field ?? "").lowercased().split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.trimmingSpaces }
            guard let type = parts.first else { continue }
            let parameters = parts.dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces) }
            func parameter(_ name: String) -> String? {
                parameters.first { $0.count == 2 && $0[0] == name }.map { $0[1].filter { $0 != "\"" } }
            }
            let quality = parameter("q").map { Double($0) ?? 0 } ?? 1
            switch type {
            case "application/openmetrics-text" where (parameter("version") ?? "1.0.0") == "1.0.0":
                openMetrics = max(openMetrics, quality)
            case "text/plain", "text/*": text = max(text, quality)
            default: break
            }
        }
        self = openMetrics > 0 && openMetrics >= text ? .openMetrics : .prometheus
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
