import Hummingbird
import HummingbirdCore
import NIOCore
import TributaryCore
import TributaryProtocol

extension Router where Context == APIContext {
    /// `POST /publish`: one event or an array of them.
    func addPublishRoute(_ hub: Hub) {
        let publisher = HTTPPublisher(hub: hub)
        add(
            "publish",
            [
                .post: { request, _ in
                    // The connection has kept the limit already.
                    let body = try await request.body.collect(upTo: .max)
                    return Response(json: try await publisher.publish(body))
                }
            ]
        )
    }
}
