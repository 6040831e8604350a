/// What names of swift-metrics are called in `/metrics`, and what they mean.
enum MetricsGlossary {
    /// The names that the hub itself reports under, and those of libraries in it that are known.
    private static let texts = [
        "tributary_http_requests": "HTTP requests that were answered, streams aside.",
        "tributary_http_requests_active": "HTTP requests that are being answered, streams aside.",
        "tributary_http_request_duration_seconds":
            "From an HTTP request's arrival at its route to the beginning of the answer.",
        "tributary_certificate_reloads": "How often the certificate was read again, by what became of it.",
    ]

    static func help(of name: String) -> String { texts[name] ?? "Reported by a library within the hub." }

    /// As Prometheus writes names: words with `_` in between, the unit behind them.
    static func name(of label: String, as kind: MetricHandler.Kind) -> String {
        var name = String(
            label.map { character in
                character.isASCII && (character.isLetter || character.isNumber)
                    ? Character(character.lowercased()) : "_"
            })
        if name.first?.isNumber ?? true { name = "_" + name }
        for suffix in ["_total", "_info", "_bucket", "_count", "_sum", "_created"] where name.hasSuffix(suffix) {
            name.removeLast(suffix.count)
        }
        if name.isEmpty { name = "unnamed" }
        return kind == .durations && !name.hasSuffix("_seconds") ? name + "_seconds" : name
    }

    /// In the order of their names; one that comes twice counts once.
    static func labels(of dimensions: [(String, String)]) -> [MetricLabel] {
        var labels: [String: String] = [:]
        for (key, value) in dimensions {
            let name = self.name(of: key, as: .gauge)
            guard !withheld.contains(name), labels[name] == nil else { continue }
            labels[name] = value.utf8.count > MetricsRegistry.valueLimit ? "other" : value
        }
        return labels.map(MetricLabel.init).sorted()
    }

    /// Who somebody is and where is nobody's business here, and there are too many of them; `le` is a histogram's own.
    private static let withheld: Set = [
        "le", "quantile", "user", "user_id", "userid", "project", "project_id", "projectid", "client_instance_id",
        "connection_id", "token",
    ]
}
