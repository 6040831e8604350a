import HTTPTypes
import NIOCore
import TributaryCore
import TributaryProtocol

/// Who asks, about which project: from the query or from the body of a request, whichever names it.
struct UserRequest: Equatable {
    /// `nil` for a request that names no user.
    let user: String?
    let project: ProjectID

    /// - Throws: `invalid_project_id`, `invalid_user_id`; `repeated_parameter` for what query and body both name.
    init(target: String, body: JSONBody) throws(Problem) {
        let query = try Query(target: target)
        user = try Self.one("user_id", try query.value("user_id"), try body.text("user_id"))
        let inQuery = try query.value("project_id", "projectId")
        let inBody = try Self.one("project_id", try body.text("project_id"), try body.text("projectId"))
        let name = try Self.one("project_id", inQuery, inBody)
        project =
            try Problem.rethrowing { () throws(InvalidName) in
                try name.map { name throws(InvalidName) in try ProjectID(name) }
            } ?? .default
    }

    /// The same for a request without a body.
    init(target: String) throws(Problem) {
        let query = try Query(target: target)
        user = try query.value("user_id")
        project = try query.project() ?? .default
    }

    /// What it wants, on a channel that the catalog need not have.
    func demand(_ action: Demand.Action, on channel: TributaryProtocol.Channel, of catalog: Catalog) -> Demand {
        let channels = catalog.index(of: channel.name).map { ChannelSet(index: $0) } ?? []
        return Demand(action: action, project: project, channels: channels, user: user)
    }

    private static func one(_ name: String, _ first: String?, _ second: String?) throws(Problem) -> String? {
        guard first == nil || second == nil else { throw .repeated(name) }
        return first ?? second
    }
}
