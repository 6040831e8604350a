import HTTPTypes
import Hummingbird
import HummingbirdCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `POST /stream/{connection_id}/token`: a live stream goes on under a new credential of its user, on whichever node
    /// it is. The credential is the request's own, or the `token` of its body.
    mutating func addStreamTokenRoute() {
        let hub = hub
        add(
            "stream/:connection_id/token",
            [
                .post: { call in
                    let (body, credentials) = try await call.renewal()
                    let caller = try await call.access.caller(credentials)
                    let asked = try UserRequest(target: call.target, body: body)
                    let (id, permit, lost) = try await call.renewedStream(asked.user, of: caller, hub)
                    let renewal = StreamRenewal(permit.lease, removing: lost)
                    guard try await hub.renew(id, of: permit.user, renewal) else { throw Problem.connectionNotFound }
                    let answer = Answer(connectionID: id.description, expiresAt: permit.lease.expiresAt?.iso8601)
                    return permit.answer(try Response(encoding: answer))
                }
            ]
        )
    }
}

extension APICall {
    /// The body, and the credential that it or the request's head shows.
    ///
    /// - Throws: ``Problem``; what is wrong with the body learns only who has shown a credential without it.
    fileprivate func renewal() async throws -> (JSONBody, Credentials) {
        let body: JSONBody
        let token: String?
        do {
            // A request that shows its credential in a header field need not have a body.
            body = bytes.readableBytes == 0 ? JSONBody.empty : try self.body()
            token = try body.text("token")
        } catch {
            _ = try await access.caller(credentials)
            throw error
        }
        return (body, try token.map(credentials.presenting) ?? credentials)
    }
}

private struct Answer: Encodable {
    var connectionID: String
    /// When the stream will end; absent if the new credential has no end.
    var expiresAt: String?

    enum CodingKeys: String, CodingKey {
        case connectionID = "connection_id"
        case expiresAt = "expires_at"
    }
}
