import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `GET /history`: a part of a project's timeline.
    mutating func addHistoryRoute() {
        let hub = hub
        let parser = HistoryQueryParser(catalog: hub.catalog)
        add(
            "history",
            [
                .get: { call in
                    let caller = try await call.caller()
                    let query = try parser.parse(target: call.target)
                    let permit = try await caller.permit(query.demand)
                    return permit.answer(Response(json: try await hub.history(query.request(permit)).encode()))
                }
            ]
        )
    }
}
