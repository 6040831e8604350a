import Foundation
import TributaryProtocol

extension ServerSentEvent {
    /// The data as a value.
    public func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(data.utf8))
    }
}
