import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension Router where Context == APIContext {
    /// Open streams of all nodes, for an operator: `GET /connections`, `GET /debug/connections/{user}/{project}` and
    /// `DELETE /connections/{id}`.
    func addConnectionsRoutes(_ hub: Hub, _ access: Access) {
        add(
            "connections",
            [
                .get: { request, _ in
                    try access.requireOperator(request)
                    let query = try Query(target: request.target)
                    return try Response(
                        encoding: await hub.connections(
                            of: try query.user(), in: try query.project(),
                            limit: try query.limit(standard: 1_000, maximum: 10_000)
                        )
                    )
                }
            ]
        )
        add(
            "debug/connections/:user/:project",
            [
                .get: { request, context in
                    try access.requireOperator(request)
                    guard let user = context.parameter("user"), let project = context.parameter("project") else {
                        throw Problem.malformedPath
                    }
                    return try Response(
                        encoding: await hub.connections(of: try UserID(user), in: try ProjectID(project))
                    )
                }
            ]
        )
        add(
            "connections/:id",
            [
                .delete: { request, context in
                    try access.requireOperator(request)
                    guard let id = context.parameter("id").flatMap({ ConnectionID($0) }), try await hub.close(id) else {
                        throw Problem.connectionNotFound
                    }
                    return Response(status: .noContent)
                }
            ]
        )
    }
}
