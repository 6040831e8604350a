import Foundation
import NIOCore
import TributaryProtocol

extension Event {
    /// A typed event as the demo publishes it: the same bytes for the same values.
    ///
    /// - Throws: an `EncodingError` for values that JSON does not have.
    init(_ typed: some PublishableEvent, in project: ProjectID) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self.init(
            channel: type(of: typed).channel,
            project: project,
            name: try EventName(type(of: typed).eventName),
            data: ByteBuffer(bytes: try encoder.encode(typed))
        )
    }
}
