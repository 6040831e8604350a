import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import TributaryCore

extension APIRoutes {
    /// `GET /readyz`: 200 while new streams are welcome; 503 without a relay, and while the node drains.
    mutating func addReadyRoute() {
        let hub = hub
        add(
            "readyz",
            [
                .get: { call in
                    if hub.isDraining { throw Problem.notReady("draining", "The node is shutting down.") }
                    let relay = hub.relay.status
                    guard relay.isConnected else {
                        throw Problem.notReady("relay_unavailable", relay.lastError ?? "The relay is not connected.")
                    }
                    return call.access.anybody(Response(json: ByteBuffer(staticString: #"{"ready":true}"#)))
                }
            ]
        )
    }
}

extension Problem {
    fileprivate static func notReady(_ reason: String, _ message: String) -> Problem {
        Problem(
            .serviceUnavailable, "not_ready", message, details: [Detail(name: "reason", value: reason)]
        ).retry(afterSeconds: 1)
    }
}
