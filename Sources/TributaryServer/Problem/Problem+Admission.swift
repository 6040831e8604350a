import HTTPTypes
import TributaryCore

extension Problem {
    /// Why the hub has no room for a stream. Each asks for another delay, so that those who are refused together do not come
    /// back together.
    init(_ refusal: AdmissionRefusal) {
        switch refusal {
        case .userLimit(let current, let maximum):
            self = .tooMany(
                "too_many_connections", "You have \(current) streams here; \(maximum) is the most.",
                current: current, maximum: maximum,
                recommendation:
                    "Close a stream that is not needed, or share one between tabs; a \"client_instance_id\" lets a "
                    + "new stream replace the old one of the same client."
            )
        case .addressLimit(let current, let maximum):
            self = .tooMany(
                "too_many_connections_from_address",
                "Your address has \(current) streams at this node; \(maximum) is the most.",
                current: current, maximum: maximum,
                recommendation: "Close streams that are not needed. Behind a proxy, the operator raises "
                    + "--max-streams-per-address."
            )
        case .addressRate(let milliseconds):
            let seconds = max(1, (milliseconds + 999) / 1_000)
            self = Problem(
                .tooManyRequests, "too_many_connects",
                "Your address opens streams too fast. Wait as long as Retry-After says, then reconnect with backoff."
            ).retry(afterSeconds: .random(in: seconds...seconds + 2))
        case .nodeFull(let maximum):
            self = Problem(
                .serviceUnavailable, "node_full",
                "This node has all the streams that it may; connect again, to another one.",
                details: [Detail(name: "max_connections", value: maximum)]
            ).retry(afterSeconds: .random(in: 1...5))
        }
    }

    /// - Parameter recommendation: what would help, beside waiting.
    private static func tooMany(
        _ code: String, _ message: String, current: Int, maximum: Int, recommendation: String
    ) -> Problem {
        // 30–60 s: what a stream that was evicted is told as well.
        let milliseconds = Int.random(in: 30_000...60_000)
        var problem = Problem(
            .tooManyRequests, code, message,
            details: [
                Detail(name: "current_connections", value: current),
                Detail(name: "max_connections", value: maximum),
                Detail(name: "retry_after_ms", value: milliseconds),
                Detail(name: "recommendation", value: recommendation),
            ]
        ).retry(afterSeconds: (milliseconds + 999) / 1_000)
        for (name, value) in [("X-SSE-Connection-Limit", maximum), ("X-SSE-Current-Connections", current)] {
            if let name = HTTPField.Name(name) { problem.fields[name] = String(value) }
        }
        return problem
    }
}
