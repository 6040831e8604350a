import CoreMetrics
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// Counts and times the API's requests. Hummingbird's own middleware keeps each method that somebody makes up.
struct MetricsMiddleware: RouterMiddleware {
    typealias Context = APIContext

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

    init(_ metrics: MetricsRegistry) {
        self.metrics = metrics
        active = Meter(label: "tributary.http.requests.active", dimensions: [], factory: metrics)
        active.set(0)
    }

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let began = NIODeadline.now()
        active.increment(by: 1)
        defer { active.decrement(by: 1) }
        let response = try await next(request, context)
        note(
            Key(
                route: context.endpointPath ?? "none",
                method: Self.methods.contains(request.method) ? request.method.rawValue : "other",
                status: response.status.code
            ), took: NIODeadline.now() - began)
        return response
    }

    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .delete, .options, .patch]

    private func note(_ key: Key, took: TimeAmount) {
        let handlers = requests.withLockedValue { requests in
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
        handlers.counter.increment()
        handlers.timer.recordNanoseconds(took.nanoseconds)
    }
}
