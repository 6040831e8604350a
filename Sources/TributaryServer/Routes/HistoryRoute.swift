import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension Router where Context == APIContext {
    /// `GET /history`: a part of a project's timeline.
    func addHistoryRoute(_ hub: Hub) {
        let parser = HistoryRequestParser(catalog: hub.catalog)
        add(
            "history",
            [
                .get: { request, context in
                    let asked = try parser.parse(target: request.head.path ?? "", peer: context.peer)
                    return Response(json: try await hub.history(asked).encode())
                }
            ]
        )
    }
}
