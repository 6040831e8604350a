import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// A complete request on its way from its connection to the router, and the way back.
struct APIRequest: Sendable {
    let head: HTTPRequest
    /// At most as long as the limits say.
    let body: ByteBuffer
    /// The port that it came to.
    let port: ServerPort
    let client: ClientAddress
    /// It came over TLS.
    let isSecure: Bool
    let channel: any Channel
    let gate: NIOLoopBound<ConnectionGate>

    /// Sends the answer. From any thread, once.
    func reply(_ response: Response, body: ByteBuffer) {
        let gate = gate
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(
                statusCode: response.status.code, reasonPhrase: response.status.reasonPhrase
            ),
            headers: HTTPHeaders(response.headers.map { ($0.name.rawName, $0.value) })
        )
        channel.eventLoop.execute { gate.value.send(head, body: body) }
    }
}
