import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `GET /stats`: this node's figures, narrowed to a project by `?project_id=`; with `?scope=cluster` those of all nodes.
    mutating func addStatsRoute() {
        let hub = hub
        add(
            "stats",
            [
                .get: { call in
                    let permitted = try await call.inspect()
                    let query = try Query(target: call.target)
                    let project = try query.project()
                    switch try query.value("scope") {
                    case nil, "node":
                        return permitted(try Response(encoding: await hub.statistics(project: project)))
                    case "cluster" where project == nil:
                        return permitted(try Response(encoding: await hub.clusterStatistics()))
                    case "cluster": throw Problem.invalidScope("The figures of all nodes are those of all projects.")
                    default: throw Problem.invalidScope("\"scope\" is \"node\" or \"cluster\".")
                    }
                }
            ]
        )
    }
}

extension Problem {
    fileprivate static func invalidScope(_ message: String) -> Problem {
        Problem(.badRequest, "invalid_scope", message)
    }
}
