import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension Router where Context == APIContext {
    /// `/presence`: who is in a project, on any node, and how a user says that it is.
    func addPresenceRoute(_ hub: Hub, _ access: Access) {
        add(
            "presence",
            [
                .get: { request, _ in
                    let project = try Query(target: request.target).project() ?? .default
                    return try Response(encoding: Members(project, try await hub.presence(of: project)))
                },
                .post: { request, context in
                    let body = try await request.jsonBody()
                    let status = try PresenceState(body)
                    let asked = try UserRequest(target: request.target, body: body)
                    let user = try access.requester(named: asked.user, context).user
                    guard try await hub.setPresence(status, of: user, in: asked.project) else {
                        throw Problem.notPresent
                    }
                    return try Response(
                        encoding: Changed(
                            projectID: asked.project.rawValue, userID: user.rawValue, status: status.rawValue
                        )
                    )
                },
            ]
        )
    }
}

private struct Members: Encodable {
    struct Member: Encodable {
        var userID: String
        var status: String
        var userType: String
        /// ISO 8601.
        var since: String

        enum CodingKeys: String, CodingKey {
            case userID = "userId"
            case status
            case userType = "user_type"
            case since
        }
    }

    var projectID: String
    var users: [Member]
    var count: Int

    enum CodingKeys: String, CodingKey {
        case projectID = "project_id"
        case users, count
    }

    init(_ project: ProjectID, _ members: [PresenceMember]) {
        projectID = project.rawValue
        users = members.map { member in
            Member(
                userID: member.user.id.rawValue, status: member.status.rawValue, userType: member.user.type,
                since: Instant(milliseconds: member.changedAt).iso8601
            )
        }
        count = users.count
    }
}

private struct Changed: Encodable {
    var projectID: String
    var userID: String
    var status: String

    enum CodingKeys: String, CodingKey {
        case projectID = "project_id"
        case userID = "userId"
        case status
    }
}

extension PresenceState {
    /// - Throws: `invalid_status` for anything but what a user may say of itself.
    fileprivate init(_ body: JSONBody) throws(Problem) {
        let status = try body.text("status").map(PresenceState.init(rawValue:))
        guard let status, [.online, .away].contains(status) else {
            throw Problem(
                .badRequest, "invalid_status",
                "\"status\" is \"online\" or \"away\"; a user is offline when its last stream has ended."
            )
        }
        self = status
    }
}

extension Problem {
    fileprivate static let notPresent = Problem(
        .conflict, "not_present", "The user has no stream in this project; open one first, with its \"user_id\"."
    )
}
