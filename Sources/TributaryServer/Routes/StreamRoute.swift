import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import TributaryCore
import TributaryProtocol

extension APIRoutes {
    /// `/stream` without its `GET`: what it would answer, and who would get the stream.
    mutating func addStreamRoute(_ admission: StreamAdmission) {
        add(
            "stream", elsewhere: [.get],
            [
                .head: { call in
                    let (_, permit) = try await admission.preflight(call)
                    var response = Response(status: .ok, headers: StreamResponseHead.fields)
                    // A stream has none.
                    response.headers[.contentLength] = nil
                    return permit.answer(response)
                },
                .post: { call in
                    let (stream, permit) = try await admission.preflight(call)
                    var json = ByteBuffer(staticString: #"{"authenticated":true,"userId":"#)
                    json.writeJSONString(stream.user.rawValue)
                    json.writeStaticString(#","timestamp":"#)
                    json.writeJSONString(Instant.now.iso8601)
                    json.writeStaticString("}")
                    return permit.answer(Response(json: json))
                },
            ]
        )
    }
}

extension StreamAdmission {
    /// Judges a request that came to the router; opens nothing, and takes no place.
    ///
    /// - Throws: ``Problem``, or `AdmissionRefusal`.
    fileprivate func preflight(_ call: APICall) async throws -> (StreamRequest, Permit) {
        let (stream, permit) = try await judge(call.credentials)
        try await hub.preflight(stream)
        return (stream, permit)
    }
}
