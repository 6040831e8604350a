import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `/presence`: who is in a project, on any node, and how a user says that it is.
    mutating func addPresenceRoute() {
        let (hub, limiter) = (hub, limiter)
        add(
            "presence",
            [
                .get: { call in
                    let caller = try await call.caller()
                    let asked = try UserRequest(target: call.target)
                    let permit = try await caller.permit(asked.demand(.presence, on: .presence, of: hub.catalog))
                    let members = try await hub.presence(of: asked.project)
                    return permit.answer(try Response(encoding: Members(asked.project, members)))
                },
                .post: { call in
                    let caller = try await call.caller()
                    let body = try call.body()
                    let status = try PresenceState(body)
                    let asked = try UserRequest(target: call.target, body: body)
                    try limiter.admit(caller)
                    let permit = try await caller.permit(asked.demand(.presence, on: .presence, of: hub.catalog))
                    try limiter.admit(asked.project)
                    guard try await hub.setPresence(status, of: permit.user, in: asked.project) else {
                        throw Problem.notPresent
                    }
                    return permit.answer(
                        try Response(
                            encoding: Changed(
                                projectID: asked.project.rawValue, userID: permit.user.rawValue, status: status.rawValue
                            )
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
