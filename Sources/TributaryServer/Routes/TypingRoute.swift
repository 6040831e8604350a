import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension Router where Context == APIContext {
    /// `POST /typing`: a user types, or has stopped; the hub tells the others on `chat`, and ends by itself what is not said again.
    func addTypingRoute(_ hub: Hub, _ access: Access) {
        add(
            "typing",
            [
                .post: { request, context in
                    let body = try await request.jsonBody()
                    let isTyping = try isTyping(body)
                    let asked = try UserRequest(target: request.target, body: body)
                    let requester = try access.requester(named: asked.user, context)
                    try await hub.setTyping(
                        isTyping, of: requester.user, type: requester.userType, in: asked.project
                    )
                    return Response(status: .noContent)
                }
            ]
        )
    }
}

/// - Throws: `invalid_state`.
private func isTyping(_ body: JSONBody) throws(Problem) -> Bool {
    switch try body.text("state") {
    case "start": true
    case "stop": false
    default: throw Problem(.badRequest, "invalid_state", "\"state\" is \"start\" or \"stop\".")
    }
}
