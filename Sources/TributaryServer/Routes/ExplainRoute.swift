import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `GET /explain`: why an event did or did not reach a user's streams, for an operator.
    mutating func addExplainRoute() {
        let hub = hub
        add(
            "explain",
            [
                .get: { call in
                    let permit = try await call.caller().permitOperator()
                    let query = try Query(target: call.target)
                    guard let user = try query.user() else { throw Problem.missing("user_id") }
                    guard let text = try query.value("id") else { throw Problem.missing("id") }
                    guard let id = EventID(digits: text.utf8) else {
                        throw Problem(.badRequest, "invalid_id", "\"id\" is a whole number from 1 to 9007199254740991.")
                    }
                    return permit.answer(
                        try Response(encoding: await hub.explain(id, to: user, in: try query.project() ?? .default))
                    )
                }
            ]
        )
    }
}
