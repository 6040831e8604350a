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
