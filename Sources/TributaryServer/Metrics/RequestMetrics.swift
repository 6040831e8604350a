import CoreMetrics
import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore

/// Counts and times the API's requests, by route, method and answer. From any thread.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let route: String
        let method: String
        let status: Int
    }

    private let metrics: MetricsRegistry
    private let active: Meter
    private let requests = NIOLockedValueBox<[Key: (counter: Counter, timer: CoreMetrics.Timer)]>([:])

    /// As many as there are of routes, methods and answers, and more.
    private static let limit = 1_000
    /// Others have one name: a client may make methods up.
    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .delete, .options, .patch]

    init(_ metrics: MetricsRegistry) {
        self.metrics = metrics
        active = Meter(label: "tributary.http.requests.active", dimensions: [], factory: metrics)
        active.set(0)
    }

    /// A request has come; ``end(_:_:_:since:)`` or ``abandon()`` follows.
    ///
    /// - Returns: when.
    func begin() -> NIODeadline {
        active.increment(by: 1)
        return .now()
    }

    /// It is answered.
    func end(_ route: String, _ method: HTTPRequest.Method, _ status: HTTPResponse.Status, since began: NIODeadline) {
        active.decrement(by: 1)
        let took = NIODeadline.now() - began
        let handlers = handlers(
            Key(
                route: route, method: Self.methods.contains(method) ? method.rawValue : "other", status: status.code))
        handlers.counter.increment()
        handlers.timer.recordNanoseconds(took.nanoseconds)
    }

    /// It has no answer.
    func abandon() { active.decrement(by: 1) }

    private func handlers(_ key: Key) -> (counter: Counter, timer: CoreMetrics.Timer) {
        requests.withLockedValue { requests in
            if let handlers = requests[key] { return handlers }
            let route = [("route", key.route), ("method", key.method)]
            let handlers = (
                counter: Counter(
                    label: "tributary.http.requests", dimensions: route + [("status", String(key.status))],
                    factory: metrics),
                timer: CoreMetrics.Timer(
                    label: "tributary.http.request.duration", dimensions: route, factory: metrics)
            )
            if requests.count < Self.limit { requests[key] = handlers }
            return handlers
        }
    }
}
