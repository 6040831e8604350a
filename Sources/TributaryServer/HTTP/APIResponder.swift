import Hummingbird
import HummingbirdCore
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Answers the requests that are not streams, with Hummingbird's router.
struct APIResponder: Sendable {
    let main: RouterResponder<APIContext>
    /// `nil` where operators have no port of their own.
    let admin: RouterResponder<APIContext>?
    let logger: Logger

    /// Answers one request. Never throws: whatever goes wrong is an answer too.
    func answer(_ request: APIRequest) async {
        var logger = logger
        // Hummingbird takes the context's id from here.
        logger[metadataKey: "hb.request.id"] = .stringConvertible(RequestID())
        let context = APIContext(
            source: ApplicationRequestContextSource(channel: request.channel, logger: logger), client: request.client,
            isSecure: request.isSecure
        )
        let responder = request.port == .admin ? admin ?? main : main
        do {
            let response = try await responder.respond(
                to: Request(head: request.head, body: RequestBody(buffer: request.body)), context: context
            )
            let body = ResponseBodyCollector()
            try await response.body.write(body)
            request.reply(response, body: body.bytes)
        } catch {
            logger.error("request failed", metadata: ["error": "\(error)"])
            let response = Problem.internalError.response
            request.reply(response, body: Problem.internalError.json)
        }
    }
}

/// Takes a body together; the API's answers are small. Behind a lock, because Hummingbird copies writers.
private struct ResponseBodyCollector: ResponseBodyWriter, Sendable {
    private let buffer = NIOLockedValueBox(ByteBuffer())

    var bytes: ByteBuffer { buffer.withLockedValue { $0 } }

    func write(_ bytes: ByteBuffer) async throws {
        buffer.withLockedValue { buffer in
            if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeImmutableBuffer(bytes) }
        }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
