import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `POST /revoke`: ends all streams of a user on every node, in one project or in all.
    mutating func addRevokeRoute() {
        let hub = hub
        add(
            "revoke",
            [
                .post: { call in
                    let permit = try await call.caller().permitOperator()
                    let body = try call.body()
                    guard let user = try body.text("user_id") else { throw Problem.missing("user_id") }
                    let project = try body.text("project_id") ?? body.text("projectId")
                    let revoked = await hub.revoke(try UserID(user), in: try project.map { try ProjectID($0) })
                    return permit.answer(
                        try Response(encoding: Answer(closed: revoked.closed, silentNodes: revoked.silentNodes))
                    )
                }
            ]
        )
    }
}

private struct Answer: Encodable {
    var closed: Int
    var silentNodes: [String]

    enum CodingKeys: String, CodingKey {
        case closed
        case silentNodes = "silent_nodes"
    }
}
