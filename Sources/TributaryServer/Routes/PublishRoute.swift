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
                    return permit.answer(Response(json: try await publisher.publish(call.bytes, by: caller)))
                }
            ]
        )
    }
}
