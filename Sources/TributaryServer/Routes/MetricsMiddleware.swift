import Hummingbird

/// Counts and times what the router answers. Hummingbird's own middleware keeps each method that somebody makes up.
struct MetricsMiddleware: RouterMiddleware {
    typealias Context = APIContext

    let metrics: RequestMetrics

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let began = metrics.begin()
        do {
            let response = try await next(request, context)
            metrics.end(context.endpointPath ?? "none", request.method, response.status, since: began)
            return response
        } catch {
            metrics.abandon()
            throw error
        }
    }
}
