import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `POST /typing`: a user types, or has stopped; the hub tells the others on `chat`, and ends by itself what is not said again.
    mutating func addTypingRoute() {
        let (hub, limiter) = (hub, limiter)
        add(
            "typing",
            [
                .post: { call in
                    let caller = try await call.caller()
                    let body = try call.body()
                    let isTyping = try isTyping(body)
                    let asked = try UserRequest(target: call.target, body: body)
                    try limiter.admit(caller)
                    let permit = try await caller.permit(asked.demand(.typing, on: .chat, of: hub.catalog))
                    try limiter.admit(asked.project)
                    try await hub.setTyping(isTyping, of: permit.user, type: permit.userType, in: asked.project)
                    return permit.answer(Response(status: .noContent))
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
