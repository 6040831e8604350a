import HTTPTypes
import NIOCore
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

    private static func one(_ name: String, _ first: String?, _ second: String?) throws(Problem) -> String? {
        guard first == nil || second == nil else { throw .repeated(name) }
        return first ?? second
    }
}
