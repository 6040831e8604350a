import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `POST /publish`: one event or an array of them.
    mutating func addPublishRoute() {
        let publisher = HTTPPublisher(hub: hub, limiter: limiter)
        add(
            "publish",
            [
                .post: { call in
                    let caller = try await call.caller()
                    let permit = try caller.permitPublishing()
                    let json = try await publisher.publish(call.bytes, by: caller, trace: call.trace)
                    return permit.answer(Response(json: json))
                }
            ]
        )
    }
}

extension APICall {
    /// The trace that the request is part of. Whoever gets a broken `traceparent` begins a trace of their own, and so it is none
    /// here: https://www.w3.org/TR/trace-context/#a-traceparent-is-received
    fileprivate var trace: TraceParent? {
        HTTPField.Name("traceparent").flatMap { request.headers[$0] }.flatMap(TraceParent.init)
    }
}
