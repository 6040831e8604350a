import Foundation
import TributaryProtocol

/// An event as it came: any type, known or not.
public struct StreamEvent: Equatable, Sendable {
    /// The event's name on the wire, such as `message.new` or an alias.
    public var name: String
    /// The data as it came, usually JSON text.
    public var data: String
    /// The event's id; `nil` if it is ephemeral.
    public var id: String?
    /// It was missed and is sent now.
    public var isReplay: Bool

    public init(name: String, data: String, id: String? = nil, isReplay: Bool = false) {
        self.name = name
        self.data = data
        self.id = id
        self.isReplay = isReplay
    }

    /// The data as a Swift value.
    ///
    /// - Throws: a `DecodingError`.
    public func decode<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(data.utf8))
    }
}
