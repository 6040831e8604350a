import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// A request to a route, and who may send it.
struct APICall: Sendable {
    let request: Request
    let context: APIContext
    let access: Access
    /// The connection has kept the limit of its size already.
    let bytes: ByteBuffer

    /// The path and query as they were sent.
    var target: String { request.head.path ?? "" }

    /// The body as a JSON object.
    ///
    /// - Throws: `malformed_json`.
    func body() throws(Problem) -> JSONBody { try JSONBody(bytes) }

    /// A part of the path, decoded; `nil` for a broken escape.
    func parameter(_ name: String) -> String? {
        context.parameters.get(name).flatMap { String(percentEncoded: $0.utf8) }
    }

    var credentials: Credentials {
        Credentials(
            method: request.method, target: target, fields: request.headers, body: bytes, peer: context.peer,
            isSecure: context.isSecure, authority: request.head.authority
        )
    }

    /// Who sends it.
    ///
    /// - Throws: as ``Access/caller(_:)``.
    func caller() async throws(Problem) -> Caller { try await access.caller(credentials) }

    /// Somebody may only look: where the address is this machine's alone, whoever is on it. What a proxy brings from elsewhere is
    /// for operators there too.
    ///
    /// - Throws: `unauthorized`, `forbidden`; `not_found` where there are no operators.
    func inspect() async throws(Problem) -> @Sendable (Response) -> PermittedResponse {
        let isOpen = access.opensInspectionToAll || context.client.isLocal
        guard access.guardsInspection || !isOpen else { return { access.anybody($0) } }
        // Nobody could prove to be one.
        guard access.hasOperators else { throw .notFound }
        let permit = try await caller().permitOperator()
        return { permit.answer($0) }
    }
}
