import NIOCore
import NIOHTTP1

extension HTTPResponseHead {
    /// Says how long the answer is where it does not say so itself, and may: a `HEAD` is answered with the length that `GET`
    /// would have, or none. https://www.rfc-editor.org/rfc/rfc9110#section-8.6
    mutating func completeLength(of body: ByteBuffer, isHead: Bool) {
        if !status.mayHaveResponseBody {
            headers.remove(name: "Content-Length")
        } else if !isHead, !headers.contains(name: "Content-Length") {
            headers.add(name: "Content-Length", value: String(body.readableBytes))
        }
    }
}
