import Foundation
import Hummingbird
import HummingbirdCore
import NIOCore

extension JSONEncoder {
    /// For answers: keys in the same order each time, because people compare what they see.
    static var api: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

extension Response {
    /// An answer whose body is `value` as JSON.
    init(encoding value: some Encodable) throws {
        self.init(json: ByteBuffer(bytes: try JSONEncoder.api.encode(value)))
    }
}

extension Request {
    /// The body as a JSON object; the connection has kept the limit of its size already.
    ///
    /// - Throws: `malformed_json`.
    func jsonBody() async throws -> JSONBody {
        try JSONBody(try await body.collect(upTo: .max))
    }

    /// The path and query as they were sent.
    var target: String { head.path ?? "" }
}

extension APIContext {
    /// A part of the path, decoded; `nil` for a broken escape.
    func parameter(_ name: String) -> String? {
        parameters.get(name).flatMap { String(percentEncoded: $0.utf8) }
    }
}
