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
                    _ = try admission.admit(request, context)
                    return Response(status: .ok, headers: StreamResponseHead.fields)
                },
                .post: { request, context in
                    let stream = try admission.admit(request, context)
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
    /// Judges a request that came to the router.
    fileprivate func admit(_ request: Request, _ context: APIContext) throws(Problem) -> StreamRequest {
        let name = HTTPField.Name("Last-Event-ID")
        return try admit(
            target: request.head.path ?? "/stream",
            lastEventID: name.map { request.headers[values: $0] } ?? [],
            peer: context.peer
        )
    }
}
