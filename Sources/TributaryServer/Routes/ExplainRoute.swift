import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension Router where Context == APIContext {
    /// `GET /explain`: why an event did or did not reach a user's streams, for an operator.
    func addExplainRoute(_ hub: Hub, _ access: Access) {
        add(
            "explain",
            [
                .get: { request, _ in
                    try access.requireOperator(request)
                    let query = try Query(target: request.target)
                    guard let user = try query.user() else { throw Problem.missing("user_id") }
                    guard let text = try query.value("id") else { throw Problem.missing("id") }
                    guard let id = EventID(digits: text.utf8) else {
                        throw Problem(.badRequest, "invalid_id", "\"id\" is a whole number from 1 to 9007199254740991.")
                    }
                    return try Response(
                        encoding: await hub.explain(id, to: user, in: try query.project() ?? .default)
                    )
                }
            ]
        )
    }
}
