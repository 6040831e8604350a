import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// Open streams of all nodes, for an operator: `GET /connections`, `GET /debug/connections/{user}/{project}` and
    /// `DELETE /connections/{id}`.
    mutating func addConnectionsRoutes() {
        let hub = hub
        add(
            "connections",
            [
                .get: { call in
                    let permit = try await call.caller().permitOperator()
                    let query = try Query(target: call.target)
                    return permit.answer(
                        try Response(
                            encoding: await hub.connections(
                                of: try query.user(), in: try query.project(),
                                limit: try query.limit(standard: 1_000, maximum: 10_000)
                            )
                        )
                    )
                }
            ]
        )
        add(
            "debug/connections/:user/:project",
            [
                .get: { call in
                    let permit = try await call.caller().permitOperator()
                    guard let user = call.parameter("user"), let project = call.parameter("project") else {
                        throw Problem.malformedPath
                    }
                    return permit.answer(
                        try Response(encoding: await hub.connections(of: try UserID(user), in: try ProjectID(project)))
                    )
                }
            ]
        )
        add(
            "connections/:id",
            [
                .delete: { call in
                    let permit = try await call.caller().permitOperator()
                    guard let id = call.parameter("id").flatMap({ ConnectionID($0) }), try await hub.close(id) else {
                        throw Problem.connectionNotFound
                    }
                    return permit.answer(Response(status: .noContent))
                }
            ]
        )
    }
}
