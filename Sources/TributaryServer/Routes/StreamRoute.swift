import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import TributaryCore
import TributaryProtocol

extension Router where Context == APIContext {
    /// `/stream` without its `GET`: what it would answer, and who would get the stream.
    func addStreamRoute(_ admission: StreamAdmission) {
        add(
            "stream", elsewhere: [.get],
            [
                .head: { request, context in
                    _ = try await admission.preflight(request, context)
                    return Response(status: .ok, headers: StreamResponseHead.fields)
                },
                .post: { request, context in
                    let stream = try await admission.preflight(request, context)
                    var json = ByteBuffer(staticString: #"{"authenticated":true,"userId":"#)
                    json.writeJSONString(stream.user.rawValue)
                    json.writeStaticString(#","timestamp":"#)
                    json.writeJSONString(Instant.now.iso8601)
                    json.writeStaticString("}")
                    return Response(json: json)
                },
                .options: { _, _ in
                    Response(status: .noContent, headers: [.allow: "GET, HEAD, POST, OPTIONS"])
                },
            ]
        )
    }
}

extension StreamAdmission {
    /// Judges a request that came to the router; opens nothing, and takes no place.
    ///
    /// - Throws: ``Problem``, or `AdmissionRefusal`.
    fileprivate func preflight(_ request: Request, _ context: APIContext) async throws -> StreamRequest {
        let name = HTTPField.Name("Last-Event-ID")
        let stream = try parse(
            target: request.head.path ?? "/stream",
            lastEventID: name.map { request.headers[values: $0] } ?? [],
            userAgent: request.headers[.userAgent],
            peer: context.peer
        )
        try await hub.preflight(stream)
        return stream
    }
}
