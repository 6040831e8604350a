import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore

extension APIRoutes {
    /// `GET /metrics`: this node's figures for Prometheus, as its own text or as OpenMetrics; for whoever `/stats` is for.
    mutating func addMetricsRoute() {
        let (hub, metrics) = (hub, metrics)
        add(
            "metrics",
            [
                .get: { call in
                    let permitted = try await call.inspect()
                    let format = MetricsFormat(accepting: call.request.headers[.accept])
                    let families = await hub.measurements().families + ProcessMetrics.families
                    let known = Set(families.map(\.name))
                    let reported = metrics.snapshot.filter { !known.contains($0.name) }
                    let body = MetricsWriter.write(families + reported, as: format)
                    let fields: HTTPFields = [
                        .contentType: format.contentType, .cacheControl: "no-store", .vary: "Accept",
                    ]
                    return permitted(Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: body)))
                }
            ]
        )
    }
}
